import pytest
from msgspec.structs import replace

from bench.compare.comparability import Purpose
from bench.compare.evidence import CellRun, Evidence, find_cell_run, find_failure, gather_evidence, read_values
from bench.records.bundle import Contents
from bench.records.measurement import Measurement
from bench.records.reason import Reason
from tests.builders import make_cell, make_instance, make_measurement, make_repetition
from tests.unit.compare.runs import STEADY, make_run, times

CRASHED = Reason(code="crashed", values={"signal": "SIGSEGV"})


def gather(base: list[CellRun | None], new: list[CellRun | None], purpose: Purpose = "compare") -> Evidence:
    assert base[0] is not None
    return gather_evidence(base[0].cell, (base, new), (), purpose)


def find_first(contents: Contents) -> CellRun:
    return find_cell_run(contents, contents.plan.cells[0])


def measure(cell_environment: dict[str, str]) -> CellRun:
    """A measured cell whose workers get these variables."""
    run = find_first(make_run(STEADY))
    return run._replace(cell=replace(run.cell, environment=cell_environment))


def make_two_repetitions() -> Measurement:
    good, bad = make_repetition(0, make_instance((0.01,) * 6)), make_repetition(1, make_instance((0.09,) * 6))
    return make_measurement(make_cell(), good, replace(bad, invalid=("steal",)))


def test_invalid_repetitions_are_not_used() -> None:
    assert read_values(make_two_repetitions(), make_cell()) == {0: pytest.approx(0.01)}


def test_other_metrics_have_values_too() -> None:
    assert read_values(make_two_repetitions(), make_cell(), "throughput_per_s") == {0: pytest.approx(400)}


def test_a_cell_that_failed_or_was_not_measured_has_no_values() -> None:
    failed = make_run(()).measurements[0]
    assert failed.failure is not None
    assert read_values(replace(make_two_repetitions(), failure=failed.failure), make_cell()) == {}
    assert read_values(None, make_cell()) == {}


def test_a_run_tells_why_it_has_no_number_of_a_cell() -> None:
    assert find_first(make_run(STEADY)).failure is None
    assert find_first(make_run(())).failure == CRASHED
    absent = replace(make_run(STEADY), measurements=())
    assert find_first(absent) == CellRun(absent.plan.cells[0], None, Reason(code="not_measured"))
    assert find_failure(make_run(()), "another") == Reason(code="not_measured")


def test_each_run_of_a_side_has_its_own_values_and_the_first_names_the_cell() -> None:
    base, new = [find_first(make_run(STEADY))], [find_first(make_run(times(factor))) for factor in (2, 3)]
    evidence = gather([*base], [*new])
    assert [len(values) for values in (evidence.base_values + evidence.new_values)] == [8, 8, 8]
    assert [values[0] for values in evidence.new_values] == pytest.approx([0.2, 0.3])
    assert (evidence.base, evidence.new, evidence.refusals) == (base[0].cell.id, new[0].cell.id, ())
    assert [len(side) for side in evidence.sides] == [1, 2]


def test_repetitions_of_equal_index_are_pairs() -> None:
    evidence = replace(
        gather([measure({})], [measure({})]), base_values=({0: 1.0, 2: 3.0},), new_values=({2: 4.0, 3: 5.0},)
    )
    assert evidence.pairs == [(3.0, 4.0)]


def test_sides_may_differ_where_runs_of_one_side_may_not() -> None:
    quiet, loud = measure({"KMP_BLOCKTIME": "0"}), measure({"KMP_BLOCKTIME": "1"})
    across, within = gather([quiet], [loud]), gather([quiet, loud], [quiet])
    assert [finding.severity for finding in across.findings] == ["warn"]
    assert across.refusals == ()
    assert [finding.severity for finding in within.findings] == ["refuse"]
    values = {"field": "environment.KMP_BLOCKTIME", "base": "0", "new": "1"}
    assert within.refusals == (Reason(code="differs", values=values),)


def test_a_finding_is_told_once_however_many_runs_show_it() -> None:
    quiet, loud = measure({"KMP_BLOCKTIME": "0"}), measure({"KMP_BLOCKTIME": "1"})
    assert len(gather([quiet, loud, loud], [quiet]).findings) == 1


def test_a_run_of_a_side_without_the_cell_forbids_a_verdict() -> None:
    run = find_first(make_run(STEADY))
    assert gather([run], [run, None]).refusals == (Reason(code="no_such_cell", values={"side": "new"}),)
    alone = gather([run], [None])
    assert (alone.new, alone.new_values) == (None, ({},))


def test_a_cell_that_a_run_did_not_reach_is_compared_with_nothing() -> None:
    run = find_first(make_run(STEADY))
    unreached = find_first(replace(make_run(STEADY), measurements=()))
    evidence = gather([run], [unreached])
    assert evidence.refusals == (Reason(code="no_number", values={"side": "new"}), Reason(code="not_measured"))
    assert (evidence.findings, evidence.new_values) == ((), ({},))


def test_a_run_of_a_side_that_failed_forbids_a_verdict() -> None:
    run, failed = find_first(make_run(STEADY)), find_first(make_run(()))
    refused = (Reason(code="no_number", values={"side": "base"}), CRASHED)
    assert gather([run, failed], [run]).refusals == refused


def test_what_forbids_all_verdicts_goes_before_a_cells_own_reasons() -> None:
    reasons = (Reason(code="differs", values={"field": "machine.cpu.vendor", "base": "a", "new": "b"}),)
    failed = find_first(make_run(()))
    assert gather_evidence(failed.cell, ([failed], [failed]), reasons, "compare").refusals == reasons
