import pytest
from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.compare.history import summarize_run
from bench.records.bundle import Contents
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, RUNS_MARGIN_RATIO, Criteria
from bench.report.comparison import PAIRS_REMEDY, RUNS_REMEDY, render_comparison
from tests.builders import make_cell
from tests.unit.compare.runs import STEADY, make_run, times

RUNS = Criteria(margin_ratio=RUNS_MARGIN_RATIO)
PAIRS = Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO)


def render(base: Contents, new: Contents) -> str:
    return render_comparison(compare_runs([base], [new], RUNS))


def test_says_verdict_interval_and_exit_status() -> None:
    text = render(make_run(STEADY, STEADY), make_run(times(1.25), STEADY))
    line = next(line for line in text.splitlines() if "slower  " in line)
    assert "+25.0%" in line
    assert "  8/8  " in line
    assert "geometric mean of cnn: latency +11.8%" in text
    assert text.endswith("regression: at least one cell is slower (exit status 1)")


def test_says_which_scatter_between_runs_was_allowed_for_and_where_it_comes_from() -> None:
    text = render(make_run(STEADY), make_run(STEADY))
    assert "margin 5%, false alarm level 0.5% over all cells; scatter between runs 2.00%, " in text
    assert "2.00%, assumed: no earlier run of this on this host is known\n" in text
    earlier = [summarize_run(make_run(STEADY)) for _ in range(5)]
    text = render_comparison(compare_runs([make_run(STEADY)], [make_run(STEADY)], RUNS, earlier=earlier))
    assert "learned from runs of this host (5 earlier, 0 of its calibration, 0 compared here), starting at 1.5%" in text


def test_names_every_run_of_a_side_and_counts_all_their_repetitions() -> None:
    base, new = ([make_run(STEADY) for _ in range(3)] for _ in range(2))
    text = render_comparison(compare_runs(base, new, RUNS))
    names = [", ".join(run.info.run_id for run in side) for side in (base, new)]
    assert text.startswith(f"base {names[0]}, new {names[1]}\n")
    assert "6 compared here" in text
    assert any("  24/24  " in line for line in text.splitlines())


def test_says_that_the_host_itself_changed() -> None:
    text = render(make_run(STEADY), make_run(times(1.25), gflops=80.0))
    assert "the host itself changed between the runs, which explains the difference" in text
    assert "+25.0% (compute) and +0.0% (memory bandwidth) longer\n" in text
    assert f"\n{RUNS_REMEDY}\n" in text
    assert text.endswith("(exit status 3)")


def test_says_why_there_is_no_verdict() -> None:
    text = render(make_run(STEADY[:3]), make_run(STEADY))
    assert "no difference shown" in text
    assert "3 and 8 valid repetitions of a run are too few: a verdict takes 5 of each run" in text
    assert text.endswith("(exit status 3)")


def test_what_is_beyond_ten_times_as_long_is_told_without_digits() -> None:
    wild = (0.1, 10.0, 0.1, 10.0, 0.1)
    text = render(make_run(wild), make_run(wild))
    line = next(line for line in text.splitlines() if line.startswith("resnet50"))
    assert " to >+900% " in line
    assert " >900% " in line
    assert "a change below 900.0% would mostly be missed" in text


@pytest.mark.parametrize("variants", [None, ("a", "b")], ids=["runs", "pairs"])
def test_what_would_decide_undecided_cells_is_said_once(variants: tuple[str, str] | None) -> None:
    wild = (0.1, 10.0, 0.1, 10.0, 0.1)
    if variants is None:
        text, remedy = render(make_run(wild, wild), make_run(wild, wild)), RUNS_REMEDY
    else:
        cells = tuple(replace(make_cell(index), variant=variant) for index, variant in enumerate(variants))
        text = render_comparison(compare_variants(make_run(wild, STEADY[:5], cells=cells), PAIRS))
        remedy = PAIRS_REMEDY
    assert text.count(f"\n{remedy}\n") == 1


def test_a_decided_comparison_has_no_remedy() -> None:
    assert "to show smaller" not in render(make_run(STEADY), make_run(times(1.25)))


def test_what_is_the_same_of_many_cells_is_said_once() -> None:
    few, many = (STEADY[:3],) * 5, (STEADY,) * 5
    text = render(make_run(*few), make_run(*many))
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
    text = render(base, new)
    assert "refuse: machine.cpu.model_name: Test CPU → Other CPU (" in text
    assert "note: 8 fields differ and do not forbid a verdict: " in text
    assert text.endswith("(exit status 4)")


def test_interleaved_variants_are_said_to_be_pairs() -> None:
    cells = (replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b"))
    text = render_comparison(compare_variants(make_run(STEADY, STEADY, cells=cells), PAIRS))
    assert text.startswith("base a, new b\n")
    assert "margin 2%, " in text
    assert "repetitions interleaved on one host, compared in pairs" in text


def test_nothing_in_common_is_said_without_a_table() -> None:
    other = make_run(STEADY, cells=(replace(make_cell(5), layout="throughput"),))
    text = render(make_run(STEADY), other)
    assert "only in new: 0005-resnet50-fp32-latency" in text
    assert text.endswith("not comparable: at least one cell can have no verdict (exit status 4)")
