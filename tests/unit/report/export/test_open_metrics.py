import pytest
from msgspec.structs import replace

from bench.report.export.formats import render_export
from tests.unit.compare.qualification.units import make_contents
from tests.unit.report.export.exposition import parse_exposition
from tests.unit.report.export.runs import DIGEST, RUN, export


def test_each_metric_is_a_family_with_a_point_for_each_cell() -> None:
    families = parse_exposition(render_export([export()], "openmetrics").decode())
    assert {"bench_latency_seconds", "bench_latency_low_seconds", "bench_latency_high_seconds"} <= families.keys()
    assert {"bench_throughput_per_second", "bench_peak_memory_bytes", "bench_first_call_seconds"} <= families.keys()
    points = families["bench_latency_seconds"]
    assert [point.value for point in points] == [cell.latency_s.point for cell in RUN.summary.cells]
    assert {point.labels["bundle"] for point in points} == {DIGEST}
    assert [point.labels["layout"] for point in points] == ["latency", "throughput"]


def test_points_of_several_runs_stand_by_time() -> None:
    late, early = (
        export(replace(contents, info=replace(contents.info, finished_at=time)), digest=f"sha256:{digit * 64}")
        for contents, time, digit in (
            (make_contents(run=1), "2026-01-03T00:00:00Z", "1"),
            (make_contents(run=2), "2026-01-02T00:00:00Z", "2"),
        )
    )
    points = parse_exposition(render_export([late, early], "openmetrics").decode())["bench_latency_seconds"]
    assert [point.time for point in points] == [1767312000, 1767312000, 1767398400, 1767398400]


@pytest.mark.parametrize("text", ['say "x"', "back\\slash", "two\nlines", 'x"} 1 1\nbench_other{a="b'])
def test_a_label_cannot_leave_its_quotes(text: str) -> None:
    contents = replace(RUN, machine=replace(RUN.machine, host_name=text))
    families = parse_exposition(render_export([export(contents)], "openmetrics").decode())
    assert all(name.startswith("bench_") and name != "bench_other" for name in families)
    assert len(families["bench_latency_seconds"]) == len(RUN.summary.cells)


@pytest.mark.parametrize(
    "text",
    [
        '# TYPE a gauge\na{b="c"} 1 1\n',
        'a{b="c"} 1 1\n# EOF\n',
        '# TYPE a_seconds gauge\n# UNIT a_seconds bytes\na_seconds{b="c"} 1 1\n# EOF\n',
        '# TYPE a gauge\na{b="c"} 1 2\na{b="c"} 1 1\n# EOF\n',
        '# TYPE a gauge\na{b="c"} one 1\n# EOF\n',
        '# TYPE a gauge\na{b="c"} 1 1\n# TYPE a gauge\n# EOF\n',
    ],
    ids=["no end", "no type", "another unit", "times go back", "no number", "a family twice"],
)
def test_the_reader_of_these_tests_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_exposition(text)
