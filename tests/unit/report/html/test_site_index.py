"""The index says which numbers rest on noise."""

from bench.report.html.entry import EntryCell, SiteEntry
from bench.report.html.site_index import render_index
from tests.unit.report.html.page_reader import Page


def make_entry(*, noisy: bool) -> SiteEntry:
    cells = tuple(
        EntryCell(name=name, backend="eager", latency_s=0.01, noisy=noisy and not index, link=f"#cell-{index}")
        for index, name in enumerate(("resnet50 fp32", "bert_base fp32"))
    )
    return SiteEntry(
        page="20260102T030405Z-00000000-000000000000.html",
        run_id="20260102T030405Z-00000000",
        started_at="2026-01-02T03:04:05Z",
        machine="Test CPU",
        machine_detail="zen5",
        profile="generic",
        suite="smoke",
        torch="2.14.1",
        planned=2,
        signed_by="anna (trusted)",
        outcome="",
        cells=cells,
    )


def test_cells_without_a_valid_repetition_are_counted_and_marked() -> None:
    text = Page(render_index([make_entry(noisy=True)])).text
    assert "2 of 2 1 on a noisy host" in text
    assert text.count("2026-01-02, noisy host") == 1
    assert "noisy" not in Page(render_index([make_entry(noisy=False)])).text
