from itertools import count
from pathlib import Path

import msgspec
import pytest

from bench.launch.plan import CELLS_PER_PROBE
from bench.records.measurement import Failure
from tests.builders import BINDING, POLICY, make_cell, make_instance, make_plan, make_proof, noisy
from tests.unit.run.scripted import Bench, Workers

CRASH = Failure(reason="crashed", message="the worker died of SIGSEGV", stderr=("boom",))
NOISY = noisy(make_instance(proof=make_proof()), steal_ratio=0.5)


def test_repetitions_end_when_the_interval_is_as_narrow_as_asked(tmp_path: Path) -> None:
    workers = Workers()
    (measurement,) = Bench(tmp_path, make_plan()).measure(workers).measurements()
    assert measurement.stopped == "precise"
    assert len(measurement.repetitions) == POLICY.repetitions_min


def test_a_wide_interval_asks_for_more_up_to_the_most(tmp_path: Path) -> None:
    workers = Workers(*(make_instance((value,) * 6, proof=make_proof()) for value in (0.01, 0.02, 0.01, 0.02, 0.01)))
    (measurement,) = Bench(tmp_path, make_plan()).measure(workers).measurements()
    assert measurement.stopped == "repetitions"
    assert len(measurement.repetitions) == POLICY.repetitions_max


def test_an_invalid_repetition_is_kept_and_made_up_for(tmp_path: Path) -> None:
    (measurement,) = Bench(tmp_path, make_plan()).measure(Workers(NOISY)).measurements()
    assert [repetition.invalid for repetition in measurement.repetitions] == [("steal",), (), ()]
    assert measurement.stopped == "precise"


def test_only_the_first_instance_of_the_first_repetition_proves(tmp_path: Path) -> None:
    cell = make_cell(instances=(BINDING, msgspec.structs.replace(BINDING, cpus="2-3")))
    workers = Workers()
    Bench(tmp_path, make_plan(cell)).measure(workers)
    proving = [[task.prove for task in tasks] for tasks in workers.tasks if tasks[0].kind == "measure"]
    assert proving == [[True, False], [False, False]]


def test_a_failed_cell_has_its_reason_and_the_run_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1)))
    failed, good = bench.measure(Workers(CRASH)).measurements()
    assert (failed.stopped, failed.failure) == ("failed", CRASH)
    assert (good.stopped, good.failure) == ("precise", None)
    assert [told.kind for told in bench.told if told.cell is not None][:2] == ["repetition", "failed"]


def test_a_wrong_output_fails_the_cell_with_both_values(tmp_path: Path) -> None:
    wrong = make_instance(proof=make_proof(passed=False))
    (measurement,) = Bench(tmp_path, make_plan()).measure(Workers(wrong)).measurements()
    assert measurement.failure is not None
    assert measurement.failure.reason == "incorrect"
    assert "cosine similarity 0.500000 (at least 0.99)" in measurement.failure.message
    assert len(measurement.repetitions) == 1


def test_other_weights_for_the_same_workload_and_shape_fail_the_cell(tmp_path: Path) -> None:
    other = f"sha256:{'1' * 64}"
    plan = make_plan(make_cell(0), make_cell(1))
    good = make_instance(proof=make_proof())
    workers = Workers(good, make_instance(), make_instance(proof=make_proof(weights_digest=other)))
    _, failed = Bench(tmp_path, plan).measure(workers).measurements()
    assert failed.failure is not None
    assert failed.failure.reason == "inputs"
    assert failed.failure.message == f"weights {other} differ from those of {plan.cells[0].id}"


def test_probes_come_first_between_and_last(tmp_path: Path) -> None:
    plan = make_plan(*(make_cell(index) for index in range(CELLS_PER_PROBE + 1)))
    probes = Bench(tmp_path, plan).measure(Workers()).probes()
    assert [probe.before for probe in probes] == [plan.cells[0].id, plan.cells[CELLS_PER_PROBE].id, None]


def test_no_cell_begins_after_the_budget(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, budget_s=3.5)
    plan = make_plan(*(make_cell(index) for index in range(4)), policy=policy)
    ticks = count()
    journal = Bench(tmp_path, plan).measure(Workers(), clock=lambda: float(next(ticks)))
    assert 1 <= len(journal.measurements()) < 4


def test_an_aim_ends_repetitions_and_drops_no_cell(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=1)
    plan = make_plan(*(make_cell(index) for index in range(3)), policy=policy)
    ticks = count()
    scattered = [make_instance((0.01 * (1 + index % 2),) * 6, proof=make_proof()) for index in range(6)]
    journal = Bench(tmp_path, plan).measure(Workers(*scattered), clock=lambda: float(next(ticks)))
    assert [measurement.stopped for measurement in journal.measurements()] == ["budget"] * 3
    assert [len(measurement.repetitions) for measurement in journal.measurements()] == [2] * 3


def test_workers_get_their_binding_and_a_scratch_folder_of_the_run(tmp_path: Path) -> None:
    bench, workers = Bench(tmp_path, make_plan()), Workers()
    bench.measure(workers)
    (environment,) = workers.environments[-1]
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["TMPDIR"] == str(bench.folder / "scratch")
    assert (bench.folder / "scratch/inductor").is_dir()


def test_progress_counts_up_and_tells_the_time_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1)))
    bench.measure(Workers())
    assert [told.done for told in bench.told if told.kind == "cell"] == [1, 2]
    assert all(told.total == 2 and told.left_s >= 0 for told in bench.told)
    assert all(told.summary is not None for told in bench.told if told.kind == "cell")


@pytest.mark.parametrize("after", range(6))
def test_an_interrupted_run_resumes_with_nothing_lost_and_nothing_twice(tmp_path: Path, after: int) -> None:
    plan = make_plan(make_cell(0), make_cell(1), make_cell(2))
    bench = Bench(tmp_path, plan)
    good = [make_instance(start_ns=index, proof=make_proof()) for index in range(after)]
    first = Workers(*good, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bench.measure(first)
    second = Workers()
    measurements = bench.resume(second).measurements()
    assert [measurement.cell for measurement in measurements] == [cell.id for cell in plan.cells]
    assert [len(measurement.repetitions) for measurement in measurements] == [2, 2, 2]
    assert first.measured - 1 + second.measured == 6
    assert all([one.index for one in measurement.repetitions] == [0, 1] for measurement in measurements)


def test_a_wrong_output_is_still_wrong_after_resuming(tmp_path: Path) -> None:
    bench = Bench(tmp_path, make_plan())
    wrong = make_instance(proof=make_proof(passed=False))
    bench.measure(Workers(wrong))
    lines = (bench.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'"type":"cell"' not in line]
    (bench.folder / "journal.jsonl").write_bytes(b"".join(kept))
    (measurement,) = bench.resume(Workers()).measurements()
    assert measurement.failure is not None
    assert measurement.failure.reason == "incorrect"
