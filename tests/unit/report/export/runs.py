"""Runs to export, with every fact known."""

from bench.records.bundle import Contents
from bench.records.verdict import Comparison
from bench.report.export.run import ExportedRun
from bench.report.run_report import make_run_report
from tests.unit.bundle.builder import CONTENTS
from tests.unit.compare.qualification.units import make_contents

DIGEST = f"sha256:{'ab' * 32}"
RUN = make_contents(invalid=True)
"""Two cells of six repetitions; the first repetition of the first cell is invalid."""


def export(contents: Contents = RUN, digest: str = DIGEST, comparison: Comparison | None = None) -> ExportedRun:
    report = make_run_report(contents, bundle="x.bench.tar", comparison=comparison)
    return ExportedRun(content_digest=digest, contents=contents, report=report)


FAILED = export(CONTENTS)
"""Two cells with numbers, and one that crashed."""
