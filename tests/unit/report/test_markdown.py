"""Markdown: what a renderer makes of it is tables and text, whatever a bundle says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.records.verdict import Criteria
from bench.report.export.formats import render_export
from bench.report.markdown import (
    COMMENT_CHARACTERS,
    MarkdownColumn,
    fit_document,
    fold,
    mark_text,
    render_markdown_table,
)
from bench.report.markdown_comparison import render_markdown_comparison
from bench.report.markdown_run import render_markdown_run
from bench.report.run_report import make_run_report
from tests.builders import make_cell
from tests.unit.bundle.builder import CONTENTS
from tests.unit.compare.runs import STEADY, make_run, times
from tests.unit.report.export.runs import FAILED

HOSTILE = (
    "[x](https://evil.example)", "![x](https://evil.example/x.png)", "<script>alert(1)</script>", "</details>",
    "@everyone", "#1", "`code", "``", "a|b|c", "*bold*", "https://evil.example", "www.evil.example", "GH-17",
    ":tada:", "\n# heading", "&#64;everyone", "\\|", "- [ ] task", "<!--", "$x$", "~~x~~", "a_b_ _c_",
)  # fmt: skip
CRITERIA = Criteria(margin_ratio=0.05)


def render(document: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(document)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_text_in_its_cell(text: str) -> None:
    columns = (MarkdownColumn("name"), MarkdownColumn("number", is_number=True))
    html = render("\n".join(render_markdown_table(columns, [(text, "1"), ("second", "2")], 10)))
    assert html.count("<tr>") == 3
    assert html.count("<td") == 4
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(st.text(max_size=40))
def test_no_text_makes_anything_but_a_span_of_code(text: str) -> None:
    html = render(f"before {mark_text(text)} after")
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= {"p", "code"}
    assert html.startswith("<p>before")
    assert html.endswith("after</p>\n")


@pytest.mark.parametrize("text", ["@everyone", "#1", "https://x", "www.x.example", "GH-17", "a@b.example", "x:tada:"])
def test_what_github_would_make_a_link_or_a_mention_of_is_code(text: str) -> None:
    assert mark_text(text) == f"`{text}`"


@pytest.mark.parametrize("text", ["basic_gnn_gcn", "42.6 images/s", "AMD EPYC (zen5), 1 package", "+1.3%"])
def test_plain_words_stay_plain(text: str) -> None:
    assert mark_text(text) == text


def test_a_machine_of_any_name_begins_no_list() -> None:
    machine = replace(CONTENTS.machine, cpu=replace(CONTENTS.machine.cpu, model_name="1. first"))
    html = render(render_markdown_run(make_run_report(replace(CONTENTS, machine=machine), bundle="x.bench.tar")))
    assert "<p>On 1. first" in html
    assert "<ol>" not in html


def test_a_run_has_its_cells_in_a_table_and_what_failed_below() -> None:
    document = render_markdown_run(make_run_report(CONTENTS, bundle="x.bench.tar"), f"sha256:{'0' * 64}")
    html = render(document)
    assert html.count("<tr>") == 3
    assert "no number for" in html
    assert "SIGSEGV" in html
    assert f"bundle sha256:{'0' * 64}" in html


def test_a_regression_shows_what_is_slower_and_folds_the_rest() -> None:
    comparison = compare_runs([make_run(STEADY, STEADY)], [make_run(times(1.5), STEADY)], CRITERIA)
    document = render_markdown_comparison(comparison)
    shown, _, folded = document.partition("<details>")
    assert "❌ **regression: at least one cell is slower** (exit status 1)" in shown
    assert shown.count("| slower |") == 1
    assert "<summary>1 equivalent</summary>" in folded or "<summary>1 no difference shown</summary>" in folded
    assert document.count("<details>") == document.count("</details>")


def test_an_ab_run_begins_with_its_verdict() -> None:
    cells = tuple(replace(make_cell(index), variant="ab"[index % 2]) for index in range(2))
    contents = make_run(STEADY, times(0.5), cells=cells)
    report = make_run_report(contents, bundle="x", comparison=compare_variants(contents, CRITERIA))
    assert "✅ **no regression" in render_markdown_run(report)


def test_a_table_that_is_too_long_for_a_comment_says_how_many_rows_it_leaves_out() -> None:
    columns, rows = (MarkdownColumn("name"),), [("a" * 100,)] * 900
    document = fit_document(lambda limit: render_markdown_table(columns, rows, limit), COMMENT_CHARACTERS)
    assert len(document) <= COMMENT_CHARACTERS
    assert document.endswith("\n\nand 600 more rows, which do not fit here\n")


def test_a_document_of_lines_that_are_too_long_is_cut_after_a_line() -> None:
    document = fit_document(lambda _limit: ["a" * 50] * 50, 1000)
    assert len(document) <= 1000
    assert document.endswith(f"{'a' * 50}\n\ncut: the rest does not fit here\n")


def test_a_fold_that_is_cut_is_closed() -> None:
    document = fit_document(lambda _limit: fold("many", ["a" * 50] * 50), 1000)
    assert len(document) <= 1000
    assert document.count("<details>") == document.count("</details>") == 1
    assert document.rindex("</details>") < document.index("cut: ")


def test_more_runs_than_a_comment_holds_are_counted() -> None:
    document = render_export([FAILED] * 50, "markdown").decode()
    assert len(document) <= 65_536
    assert document.count("### bench: ") == 20
    assert document.endswith("and 30 more runs, which do not fit here\n")
