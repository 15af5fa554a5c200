"""Reports of several runs in one document."""

from collections.abc import Iterable

from bench.report.export.run import ExportedRun
from bench.report.junit_run import make_junit_suite
from bench.report.junit_xml import render_suites
from bench.report.markdown import COMMENT_CHARACTERS
from bench.report.markdown_run import render_markdown_run


def render_junit_runs(runs: Iterable[ExportedRun]) -> bytes:
    """Return JUnit XML with a suite for each run."""
    return render_suites([make_junit_suite(run.report, run.content_digest) for run in runs]).encode()


RUN_CHARACTERS = 3000
"""Fewest of a section, which take a heading and a few rows."""


def render_markdown_runs(runs: Iterable[ExportedRun]) -> bytes:
    """Return Markdown with a section for each run; together they are no longer than a comment may be.

    Of more runs than have room, the first are shown, and the others counted.
    """
    listed = list(runs)
    shown = listed[: COMMENT_CHARACTERS // RUN_CHARACTERS]
    limit = COMMENT_CHARACTERS // max(1, len(shown))
    sections = [render_markdown_run(run.report, run.content_digest, limit=limit) for run in shown]
    more = [f"and {len(listed) - len(shown)} more runs, which do not fit here\n"] if len(listed) > len(shown) else []
    return "".join([*sections, *more]).encode()
