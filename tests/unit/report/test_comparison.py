from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.records.verdict import Criteria, RunScatter
from bench.report.comparison import render_comparison
from tests.builders import make_cell
from tests.unit.compare.runs import STEADY, make_run, times

CALM = RunScatter(ratio=0.001, runs=7, source="a test")


def test_says_verdict_interval_and_exit_status() -> None:
    comparison = compare_runs(make_run(STEADY, STEADY), make_run(times(1.05), STEADY), Criteria(), run_scatter=CALM)
    text = render_comparison(comparison)
    assert "margin 2%, false alarm level 0.5% over all cells; between runs 0.10% of scatter allowed for" in text
    assert "(a test, measured over 7 runs)" in text
    line = next(line for line in text.splitlines() if "slower" in line)
    assert "+5.0%" in line
    assert line.endswith("8/8")
    assert "geometric mean of cnn: latency +2.5%" in text
    assert text.endswith("regression: at least one cell is slower (exit status 1)")


def test_says_why_there_is_no_verdict() -> None:
    text = render_comparison(compare_runs(make_run(STEADY[:3]), make_run(STEADY), Criteria()))
    assert "no difference shown" in text
    assert "3 and 8 valid repetitions are too few: a verdict takes 5 of each side" in text
    assert text.endswith("(exit status 3)")


def test_what_is_beyond_ten_times_as_long_is_told_without_digits() -> None:
    wild = (0.1, 10.0, 0.1, 10.0, 0.1)
    text = render_comparison(compare_runs(make_run(wild), make_run(wild), Criteria()))
    line = next(line for line in text.splitlines() if line.startswith("resnet50"))
    assert " to >+900% " in line
    assert " >900% " in line
    assert "a change below 900.0% would mostly be missed" in text


def test_what_is_the_same_of_many_cells_is_said_once() -> None:
    few, many = (STEADY[:3],) * 5, (STEADY,) * 5
    text = render_comparison(compare_runs(make_run(*few), make_run(*many), Criteria()))
    (line,) = (line for line in text.splitlines() if "are too few" in line)
    assert "0000-" in line
    assert "0003-" not in line
    assert " and 2 more: 3 and 8 valid repetitions are too few" in line


def test_refusals_stand_before_the_table_and_many_notes_are_counted() -> None:
    base = make_run(STEADY)
    distributions = tuple(replace(base.environment.distributions[0], name=f"package{index}") for index in range(6))
    new = replace(
        make_run(STEADY),
        environment=replace(base.environment, distributions=distributions),
        machine=replace(base.machine, cpu=replace(base.machine.cpu, model_name="Other CPU")),
    )
    text = render_comparison(compare_runs(base, new, Criteria()))
    assert "refuse: machine.cpu.model_name: Test CPU → Other CPU (" in text
    assert "note: 8 more fields differ and do not forbid a verdict: " in text
    assert text.endswith("(exit status 4)")


def test_interleaved_variants_are_said_to_be_pairs() -> None:
    cells = (replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b"))
    text = render_comparison(compare_variants(make_run(STEADY, STEADY, cells=cells), Criteria()))
    assert text.startswith("base a, new b\n")
    assert "repetitions interleaved on one host, compared in pairs" in text


def test_nothing_in_common_is_said_without_a_table() -> None:
    other = make_run(STEADY, cells=(replace(make_cell(5), layout="throughput"),))
    text = render_comparison(compare_runs(make_run(STEADY), other, Criteria()))
    assert "only in new: 0005-resnet50-fp32-latency" in text
    assert text.endswith("not comparable: at least one cell can have no verdict (exit status 4)")
