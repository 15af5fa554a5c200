from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.records.bundle import Contents
from bench.records.verdict import RUNS_MARGIN_RATIO, Comparison, Criteria
from bench.report.comparison import render_comparison
from tests.builders import make_cell
from tests.unit.compare.runs import STEADY, calm_history, make_run, times

CRITERIA = Criteria(margin_ratio=RUNS_MARGIN_RATIO)


def compare(base: Contents, new: Contents) -> Comparison:
    return compare_runs([base], [new], CRITERIA, earlier=calm_history(base))


def test_says_verdict_interval_and_exit_status() -> None:
    text = render_comparison(compare(make_run(STEADY, STEADY), make_run(times(1.1), STEADY)))
    assert "margin 5%, false alarm level 0.5% over all cells; scatter between runs 0.37%, from 1.5% assumed" in text
    assert "with 60 earlier runs of this host, 0 of its calibration and 0 that are compared" in text
    line = next(line for line in text.splitlines() if "slower" in line)
    assert "+10.0%" in line
    assert line.endswith("8/8")
    assert "geometric mean of cnn: latency +4.9%" in text
    assert text.endswith("regression: at least one cell is slower (exit status 1)")


def test_says_why_there_is_no_verdict() -> None:
    text = render_comparison(compare(make_run(STEADY[:3]), make_run(STEADY)))
    assert "no difference shown" in text
    assert "3 and 8 valid repetitions of a run are too few: a verdict takes 5 of each run" in text
    assert text.endswith("(exit status 3)")


def test_a_change_beyond_ten_times_is_printed_without_digits() -> None:
    wild = (0.1, 10.0, 0.1, 10.0, 0.1)
    text = render_comparison(compare(make_run(wild), make_run(wild)))
    line = next(line for line in text.splitlines() if line.startswith("resnet50"))
    assert " to >+900% " in line
    assert " >900% " in line
    assert "a change below 900.0% would mostly be missed" in text


def test_a_reason_that_many_cells_share_is_printed_once() -> None:
    few, many = (STEADY[:3],) * 5, (STEADY,) * 5
    text = render_comparison(compare(make_run(*few), make_run(*many)))
    (line,) = (line for line in text.splitlines() if "are too few" in line)
    assert "0000-" in line
    assert "0003-" not in line
    assert " and 2 more: 3 and 8 valid repetitions of a run are too few" in line


def test_refusals_stand_before_the_table_and_many_notes_are_counted() -> None:
    base = make_run(STEADY)
    distributions = tuple(replace(base.environment.distributions[0], name=f"package{index}") for index in range(6))
    new = replace(
        make_run(STEADY),
        environment=replace(base.environment, distributions=distributions),
        machine=replace(base.machine, cpu=replace(base.machine.cpu, model_name="Other CPU")),
    )
    text = render_comparison(compare(base, new))
    assert "refuse: machine.cpu.model_name: Test CPU → Other CPU (" in text
    assert "note: 8 more fields differ and do not forbid a verdict: " in text
    assert text.endswith("(exit status 4)")


def test_interleaved_variants_are_said_to_be_pairs() -> None:
    cells = (replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b"))
    text = render_comparison(compare_variants(make_run(STEADY, STEADY, cells=cells), CRITERIA))
    assert text.startswith("base a, new b\n")
    assert "repetitions interleaved on one host, compared in pairs" in text


def test_nothing_in_common_is_said_without_a_table() -> None:
    other = make_run(STEADY, cells=(replace(make_cell(5), layout="throughput"),))
    text = render_comparison(compare(make_run(STEADY), other))
    assert "only in new: 0005-resnet50-fp32-latency" in text
    assert text.endswith("not comparable: at least one cell can have no verdict (exit status 4)")
