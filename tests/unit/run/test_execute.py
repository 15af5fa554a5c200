from collections.abc import Sequence
from itertools import chain, count, pairwise, repeat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError
from bench.launch.plan import PROBE_EVERY_S, PROBE_S, REPETITIONS_PER_PROBE
from bench.launch.workers import Job
from bench.records.measurement import Failure, InstanceResult
from bench.records.profile import Runtime
from bench.records.reason import Reason
from bench.records.variant import Variant, name_variants
from bench.run.journal import Journal
from bench.stats.order import find_disorder, order_round
from tests.builders import (
    BINDING,
    CASE,
    DIGEST,
    POLICY,
    RUNTIME,
    make_cell,
    make_instance,
    make_plan,
    make_proof,
    noisy,
)
from tests.unit.run.scripted import Bench, Workers

CRASH = Failure(reason="crashed", values={"signal": "SIGSEGV"}, stderr=("boom",))
NOISY = noisy(make_instance(proof=make_proof()), steal_ratio=0.5)


def scattered(rounds: int, cells: int = 1) -> list[InstanceResult]:
    """Good results of some cells that never become precise: rounds of 10 ms and of 30 ms alternate."""
    return [
        make_instance((0.01 + 0.02 * (number % 2),) * 6, proof=make_proof())
        for number in range(rounds)
        for _ in range(cells)
    ]


def schedule(journal: Journal) -> list[tuple[int, str]]:
    """Round and cell of every repetition, in sequence."""
    completed = [
        (repetition.sequence, repetition.round, measurement.cell)
        for measurement in journal.measurements()
        for repetition in measurement.repetitions
    ]
    return [(number, cell) for _, number, cell in sorted(completed)]


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
    assert [progress.kind for progress in bench.reported if progress.cell is not None][:2] == ["repetition", "failed"]


def test_a_wrong_output_fails_the_cell_with_both_values(tmp_path: Path) -> None:
    wrong = make_instance(proof=make_proof(passed=False))
    (measurement,) = Bench(tmp_path, make_plan()).measure(Workers(wrong)).measurements()
    assert measurement.failure is not None
    assert measurement.failure.reason == "incorrect"
    assert measurement.failure.values["cosine_similarity"] == "0.500000"
    assert measurement.failure.values["cosine_limit"] == "0.999999"
    assert len(measurement.repetitions) == 1


def test_other_weights_for_the_same_workload_and_shape_fail_both_cells(tmp_path: Path) -> None:
    other = f"sha256:{'1' * 64}"
    plan = make_plan(make_cell(0), make_cell(1))
    good = make_instance(proof=make_proof())
    workers = Workers(good, make_instance(proof=make_proof(weights_digest=other)))
    failures = [measurement.failure for measurement in Bench(tmp_path, plan).measure(workers).measurements()]
    assert [failure and failure.cause for failure in failures] == [
        Reason(code="weights_differ", values={"digest": other, "cell": plan.cells[0].id}),
        Reason(code="weights_differ", values={"digest": DIGEST, "cell": plan.cells[1].id}),
    ]


def test_repetitions_are_spread_over_the_run_in_the_seeds_order(tmp_path: Path) -> None:
    plan = make_plan(*(make_cell(index) for index in range(3)))
    journal = Bench(tmp_path, plan).measure(Workers(*scattered(4, 3)))
    assert schedule(journal) == [
        (number, cell.id) for number in range(4) for cell in order_round(plan.cells, number, plan.order_seed)
    ]
    assert [cell[:4] for number, cell in schedule(journal) if number == 2] == ["0001", "0000", "0002"]


def test_the_sides_of_a_pair_run_one_after_the_other_and_alternate_in_going_first(tmp_path: Path) -> None:
    pair = [msgspec.structs.replace(make_cell(index), variant=variant) for index, variant in ((1, "a"), (2, "b"))]
    plan = make_plan(make_cell(0), *pair)
    journal = Bench(tmp_path, plan).measure(Workers(*scattered(4, 3)))
    order = [cell for _, cell in schedule(journal) if cell != plan.cells[0].id]
    assert order == [cell.id for cell in (*pair, *pair[::-1]) * 2]
    places = [place for place, (_, cell) in enumerate(schedule(journal)) if cell != plan.cells[0].id]
    assert all(second == first + 1 for first, second in zip(places[::2], places[1::2], strict=True))


def test_a_pair_goes_on_until_both_have_enough(tmp_path: Path) -> None:
    a, b = (msgspec.structs.replace(make_cell(index), variant=variant) for index, variant in ((0, "a"), (1, "b")))
    wide, narrow = make_instance((0.02,) * 6, proof=make_proof()), make_instance(proof=make_proof())
    script = [narrow, wide, narrow, narrow, narrow, narrow]
    measurements = Bench(tmp_path, make_plan(a, b)).measure(Workers(*script)).measurements()
    assert [len(measurement.repetitions) for measurement in measurements] == [4, 4]


def test_probes_come_first_between_and_last(tmp_path: Path) -> None:
    plan = make_plan(*(make_cell(index) for index in range(4)))
    journal = Bench(tmp_path, plan).measure(Workers())
    assert [probe.sequence for probe in journal.probes()] == [0, REPETITIONS_PER_PROBE + 1, 10]


def test_a_low_probe_is_repeated_immediately_and_void_repetitions_are_made_again(tmp_path: Path) -> None:
    workers = Workers()
    workers.gflops = [100, 50, 50]
    (measurement,) = Bench(tmp_path, make_plan()).measure(workers).measurements()
    assert [repetition.invalid for repetition in measurement.repetitions] == [("drift",)] * 4 + [(), ()]
    assert [repetition.sequence for repetition in measurement.repetitions] == [1, 2, 5, 6, 8, 9]
    assert measurement.stopped == "precise"


def test_an_odd_probe_costs_no_repetition(tmp_path: Path) -> None:
    workers = Workers()
    workers.gflops = [100, 50, 100]
    (measurement,) = Bench(tmp_path, make_plan()).measure(workers).measurements()
    assert [repetition.invalid for repetition in measurement.repetitions] == [(), ()]


def test_noise_without_end_stops_at_twice_the_most_repetitions(tmp_path: Path) -> None:
    (measurement,) = Bench(tmp_path, make_plan()).measure(Workers(*[NOISY] * 99)).measurements()
    assert [repetition.invalid for repetition in measurement.repetitions] == [("steal",)] * POLICY.attempts_max
    assert measurement.stopped == "repetitions"


def test_beyond_the_aim_noise_gets_twice_the_least_repetitions(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=1)
    workers = Workers(*[NOISY] * 99)
    journal = Bench(tmp_path, make_plan(policy=policy)).measure(workers, clock=lambda: workers.now_ns / 1e9)
    assert [(measurement.stopped, len(measurement.repetitions)) for measurement in journal.measurements()] == [
        ("budget", 2 * POLICY.repetitions_min)
    ]


def test_as_many_valid_repetitions_are_made_as_were_asked_for(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, repetitions_min=5, repetitions_max=5)
    good, wild = scattered(2)
    script = [NOISY, good, NOISY, wild, good, NOISY, wild, good]
    (measurement,) = Bench(tmp_path, make_plan(policy=policy)).measure(Workers(*script)).measurements()
    assert sum(not repetition.invalid for repetition in measurement.repetitions) == 5
    assert (measurement.stopped, len(measurement.repetitions)) == ("repetitions", 8)


def test_a_later_probe_that_shows_a_slow_host_reopens_finished_cells(tmp_path: Path) -> None:
    class OneIsWild(Workers):
        def run(self, job: Job, **named: Any) -> Sequence[Any]:
            if job.tasks[0].kind == "measure" and "0001" in job.tasks[0].scratch:
                self.script = scattered(1 + self.measured // 2 % 2)[-1:]
            return super().run(job, **named)

    policy = msgspec.structs.replace(POLICY, repetitions_max=6)
    bench, workers = Bench(tmp_path, make_plan(make_cell(0), make_cell(1), policy=policy)), OneIsWild()
    workers.gflops = [50, 50]
    calm, _ = bench.measure(workers).measurements()
    assert [repetition.invalid for repetition in calm.repetitions] == [("drift",)] * 2 + [()] * 2
    (bench.folder / "journal.jsonl").read_bytes().index(b'"type":"reopen"')


def test_a_probe_that_fails_voids_nothing_and_ends_nothing(tmp_path: Path) -> None:
    class Unprobed(Workers):
        def run(self, job: Job, **named: Any) -> Sequence[Any]:
            if job.tasks[0].kind == "probe":
                raise WorkerFailedError(CRASH)
            return super().run(job, **named)

    journal = Bench(tmp_path, make_plan()).measure(Unprobed())
    assert journal.probes() == ()
    assert [(measurement.stopped, len(measurement.repetitions)) for measurement in journal.measurements()] == [
        ("precise", 2)
    ]


def test_long_repetitions_are_probed_by_the_clock(tmp_path: Path) -> None:
    ticks = count(step=PROBE_EVERY_S / 4)
    journal = Bench(tmp_path, make_plan()).measure(Workers(*scattered(4)), clock=lambda: next(ticks))
    assert [probe.sequence for probe in journal.probes()] == [0, 2, 4, 6, 8]


def test_a_probe_that_takes_long_is_made_less_often(tmp_path: Path) -> None:
    class SlowProbes(Workers):
        def run(self, job: Job, **named: Any) -> Sequence[Any]:
            self.now_ns += 10_000_000_000 if job.tasks[0].kind == "probe" else 0
            return super().run(job, **named)

    policy = msgspec.structs.replace(POLICY, repetitions_min=20, repetitions_max=20)
    workers = SlowProbes()
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1), policy=policy))
    journal = bench.measure(workers, clock=lambda: workers.now_ns / 1e9)  # a repetition takes 10 s, as a probe does
    between = [later - sooner - 1 for sooner, later in pairwise(probe.sequence for probe in journal.probes())]
    assert between == [REPETITIONS_PER_PROBE, 9, 9, 9, 7]


def test_no_probe_comes_within_a_pair(tmp_path: Path) -> None:
    a, b = (msgspec.structs.replace(make_cell(index), variant=variant) for index, variant in ((0, "a"), (1, "b")))
    ticks = count(step=PROBE_EVERY_S)
    journal = Bench(tmp_path, make_plan(a, b)).measure(Workers(), clock=lambda: next(ticks))
    assert [probe.sequence for probe in journal.probes()] == [0, 3, 6]


def test_no_cell_begins_that_the_budget_leaves_no_time_for(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, budget_s=50)
    plan = make_plan(*(make_cell(index) for index in range(4)), policy=policy)
    workers = Workers()
    journal = Bench(tmp_path, plan).measure(workers, clock=lambda: workers.now_ns / 1e9)
    assert [len(measurement.repetitions) for measurement in journal.measurements()] == [2, 2, 2]
    assert {cell.id for cell in plan.cells} - {measurement.cell for measurement in journal.measurements()}


def test_no_void_repetition_is_made_again_after_the_budget(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, budget_s=15)
    workers = Workers(NOISY, NOISY, NOISY)
    journal = Bench(tmp_path, make_plan(policy=policy)).measure(workers, clock=lambda: workers.now_ns / 1e9)
    assert [(measurement.stopped, len(measurement.repetitions)) for measurement in journal.measurements()] == [
        ("budget", 2)
    ]


def test_an_aim_ends_repetitions_and_drops_no_cell(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=1)
    plan = make_plan(*(make_cell(index) for index in range(3)), policy=policy)
    workers = Workers(*scattered(2, 3))
    journal = Bench(tmp_path, plan).measure(workers, clock=lambda: workers.now_ns / 1e9)
    assert [measurement.stopped for measurement in journal.measurements()] == ["budget"] * 3
    assert [len(measurement.repetitions) for measurement in journal.measurements()] == [2] * 3


def test_at_whatever_moment_the_time_ends_every_cell_ends_and_a_block_together(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=50, repetitions_min=1, repetitions_max=2)
    cells = [msgspec.structs.replace(make_cell(index), variant=name) for index, name in enumerate(name_variants(4))]
    plan = make_plan(*cells, policy=policy)
    for moment in count():
        readings = chain(repeat(0.0, moment), repeat(1000.0))
        folder, workers = tmp_path / str(moment), Workers(*scattered(2, len(cells)))
        folder.mkdir()
        journal = Bench(folder, plan).measure(workers, clock=readings.__next__)
        made = [len(measurement.repetitions) for measurement in journal.measurements()]
        assert made == [made[0]] * len(cells), f"the time ended at reading {moment} of the clock"
        if next(readings) == 0.0:
            break
    assert made[0] == policy.repetitions_max


def test_time_to_spare_goes_to_rounds_of_cells_that_are_not_precise(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=75)
    narrow, wide = make_instance(proof=make_proof()), scattered(4)
    workers = Workers(narrow, wide[0], narrow, wide[1], wide[2], wide[3])
    plan = make_plan(make_cell(0), make_cell(1), policy=policy)
    journal = Bench(tmp_path, plan).measure(workers, clock=lambda: workers.now_ns / 1e9)
    assert [(measurement.stopped, len(measurement.repetitions)) for measurement in journal.measurements()] == [
        ("precise", 2),
        ("repetitions", 4),
    ]


def test_workers_get_their_binding_and_a_scratch_folder_of_the_run(tmp_path: Path) -> None:
    bench, workers = Bench(tmp_path, make_plan()), Workers()
    bench.measure(workers)
    (environment,) = workers.jobs[-1].environments
    assert environment["OMP_NUM_THREADS"] == "2"
    assert workers.tasks[-1][0].scratch == str(bench.folder / "scratch/probe")
    ((measuring,), *_) = (tasks for tasks in workers.tasks if tasks[0].kind == "measure")
    assert measuring.scratch == str(bench.folder / "scratch/0000-resnet50-fp32-latency")
    assert Path(measuring.scratch).is_dir()


def test_a_first_repetition_finds_no_cache_and_later_ones_find_its(tmp_path: Path) -> None:
    bench = Bench(tmp_path, make_plan())
    compiled = bench.folder / "scratch/0000-resnet50-fp32-latency/code.so"
    found = []

    class Compiling(Workers):
        def run(self, job: Job, **named: Any) -> Sequence[Any]:
            if job.tasks[0].kind == "measure":
                found.append(compiled.exists())
                compiled.touch()
            return super().run(job, **named)

    with pytest.raises(KeyboardInterrupt):
        bench.measure(Compiling(KeyboardInterrupt()))
    bench.resume(Compiling())
    assert found == [False, False, True]


@pytest.mark.parametrize("waits", [True, False], ids=["somebody waits", "nobody waits"])
def test_one_that_ran_out_of_memory_is_tried_once_more_if_somebody_waited_meanwhile(
    tmp_path: Path, waits: bool
) -> None:
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1)))
    found: list[bool] = []

    class Compiling(Workers):
        def run(self, job: Job, **named: Any) -> Sequence[Any]:
            if job.tasks[0].kind == "measure":
                compiled = Path(job.tasks[0].scratch) / "code.so"
                found.append(compiled.exists())
                compiled.touch()
            return super().run(job, **named)

    workers = Compiling(Failure(reason="out_of_memory"))
    workers.waits = waits
    failures = [measurement.failure for measurement in bench.measure(workers).measurements()]
    assert [failure is None for failure in failures].count(True) == (2 if waits else 1)
    if waits:
        first, again = [at for at, job in enumerate(workers.jobs) if job.tasks[0].kind == "measure"][:2]
        assert workers.jobs[first] == workers.jobs[again]
        assert [job.tasks[0].kind for job in workers.upcoming[first]][:2] == ["probe", "measure"]
        assert [job.tasks[0].kind for job in workers.upcoming[again]] == ["probe"]
        assert found[:2] == [False, False]


def test_each_repetition_is_upcoming_while_the_job_before_it_loads(tmp_path: Path) -> None:
    workers = Workers(*scattered(4, cells=3))
    Bench(tmp_path, make_plan(make_cell(0), make_cell(1), make_cell(2))).measure(workers)
    measuring = [job for job in workers.jobs if job.tasks[0].kind == "measure"]
    assert len(measuring) == 12
    for before, job, then in zip(workers.jobs, workers.jobs[1:], workers.upcoming, strict=False):
        if job.tasks[0].kind == "measure":
            assert job == then[1], f"{before} did not get what comes next"
    assert [job.tasks[0].prove for job in measuring] == [True] * 3 + [False] * 9


def test_a_probe_in_between_has_the_same_upcoming_repetition(tmp_path: Path) -> None:
    workers = Workers(*scattered(4, cells=2))
    Bench(tmp_path, make_plan(make_cell(0), make_cell(1))).measure(workers)
    jobs = list(zip(workers.jobs, workers.upcoming, strict=True))
    probes = [number for number, (job, _) in enumerate(jobs) if job.tasks[0].kind == "probe"]
    assert len(probes) > 2
    for number in probes[1:-1]:
        assert jobs[number][1][1] == jobs[number - 1][1][1] == jobs[number + 1][0]


def test_a_probe_is_always_among_the_upcoming_jobs_and_of_the_same_pool(tmp_path: Path) -> None:
    workers = Workers(*scattered(4, cells=2))
    Bench(tmp_path, make_plan(make_cell(0), make_cell(1))).measure(workers)
    probes = [job for job in workers.jobs if job.tasks[0].kind == "probe"]
    pools = {(job.pool, tuple(task.binding for task in job.tasks), str(job.environments)) for job in probes}
    assert len(pools) == 1
    assert all((then[0].pool, then[0].tasks[0].kind) == (probes[0].pool, "probe") for then in workers.upcoming)


def test_peaks_are_measured_first_and_last_and_drift_by_every_probe(tmp_path: Path) -> None:
    workers = Workers(*scattered(8, cells=2))
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1)))
    bench.measure(workers)
    requests = [tasks[0].probe for tasks in workers.tasks if tasks[0].kind == "probe"]
    asked = [request is not None and request.peaks for request in requests]
    assert len(asked) > 2
    assert asked == [True, *[False] * (len(asked) - 2), True]
    assert len({request.array_bytes for request in requests if request is not None}) == 1


def test_cells_of_a_library_share_a_pool_for_a_round_and_repetitions_of_a_cell_share_none(tmp_path: Path) -> None:
    other = msgspec.structs.replace(CASE, workload="bert_base")
    plan = make_plan(make_cell(0), make_cell(1), make_cell(2, case=other))
    workers = Workers(*scattered(3, cells=3))
    Bench(tmp_path, plan).measure(workers)
    crews: dict[str, list[str]] = {}
    for job in workers.jobs:
        if job.tasks[0].case is not None:
            crews.setdefault(Path(job.tasks[0].scratch).name[:4], []).append(job.pool)
    first, same, apart = (crews[name] for name in ("0000", "0001", "0002"))
    assert first == same
    assert len(set(first)) == len(first) > 1
    assert not set(first) & set(apart)


def test_sides_of_a_pair_share_no_pool(tmp_path: Path) -> None:
    pair = [msgspec.structs.replace(make_cell(index), variant=variant) for index, variant in ((0, "a"), (1, "b"))]
    plan = make_plan(*pair)
    sides = tuple(Variant(name=name, options=(), variables={}, argv=plan.argv) for name in ("a", "b"))
    workers = Workers()
    Bench(tmp_path, msgspec.structs.replace(plan, variants=sides)).measure(workers)
    crews = [job.pool for job in workers.jobs if job.tasks[0].kind == "measure"]
    assert len(set(crews)) == len(crews) > 2


def test_a_package_is_made_by_the_pool_that_measures(tmp_path: Path) -> None:
    packaged = make_cell(1, case=msgspec.structs.replace(CASE, backend="aot_inductor"))
    workers = Workers(*scattered(4, cells=2))
    Bench(tmp_path, make_plan(make_cell(0), packaged)).measure(workers)
    (at,) = [at for at, job in enumerate(workers.jobs) if job.tasks[0].kind == "package"]
    assert workers.jobs[at].pool == workers.jobs[at + 1].pool
    assert workers.jobs[at + 1] in workers.upcoming[at]


def test_an_upcoming_job_that_cannot_start_does_not_fail_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = msgspec.structs.replace(RUNTIME, openmp="intel")
    broken = msgspec.structs.replace(make_cell(1), runtime=lacking)

    def find(runtime: Runtime) -> tuple[str, ...]:
        if runtime == lacking:
            raise LaunchError("no such library")
        return ()

    monkeypatch.setattr("bench.run.jobs.find_preloads", find)
    failed, good = Bench(tmp_path, make_plan(make_cell(0), broken)).measure(Workers()).measurements()
    assert good.failure is None
    assert failed.failure == Failure(reason="not_started", values={"text": "no such library"})


def test_progress_counts_up_and_has_the_time_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path, make_plan(make_cell(0), make_cell(1)))
    bench.measure(Workers())
    assert [progress.done for progress in bench.reported if progress.kind == "cell"] == [1, 2]
    assert all(progress.total == 2 and progress.left_s >= 0 for progress in bench.reported)
    assert all(progress.summary is not None for progress in bench.reported if progress.kind == "cell")


@pytest.mark.parametrize(
    ("aim_s", "left_s"),
    [(None, [10, 80, 70, 60, 50, 40, 30, 20, 10]), (50, [10, 30, 20, 10])],
)
def test_the_time_left_counts_what_an_interval_needs_to_become_narrow(
    tmp_path: Path, aim_s: float | None, left_s: list[float]
) -> None:
    policy = msgspec.structs.replace(POLICY, aim_s=aim_s, repetitions_max=10)
    bench, workers = Bench(tmp_path, make_plan(policy=policy)), Workers(*scattered(10))
    bench.measure(workers, clock=lambda: workers.now_ns / 1e9)  # 10 s a repetition
    begun = [progress.left_s for progress in bench.reported if progress.kind == "repetition"]
    assert begun[1:] == pytest.approx(left_s, abs=PROBE_S)  # the estimate has a probe, which takes no time here


def test_the_side_of_a_pair_that_is_narrow_waits_for_the_other(tmp_path: Path) -> None:
    cells = [msgspec.structs.replace(make_cell(index), variant=name) for index, name in enumerate("ab")]
    narrow, wide = make_instance(proof=make_proof()), scattered(4)
    workers = Workers(narrow, wide[0], wide[1], narrow)
    bench = Bench(tmp_path, make_plan(*cells))
    bench.measure(workers, clock=lambda: workers.now_ns / 1e9)
    begun = [progress.left_s for progress in bench.reported if progress.kind == "repetition"]
    assert begun[4] == 2 * 2 * 10


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
    assert all([repetition.index for repetition in measurement.repetitions] == [0, 1] for measurement in measurements)


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


def test_a_kill_before_or_within_any_entry_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    plan = make_plan(make_cell(0), make_cell(1))
    bench, workers = Bench(tmp_path, plan), Workers()
    workers.gflops = [100, 50, 50]  # drift voids the first round, so that cells go on after the probe
    bench.measure(workers)
    path = bench.folder / "journal.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) > 10
    for number, line in enumerate(lines):
        before = b"".join(lines[:number])
        for cut in (0, len(line) // 2):
            path.write_bytes(before + line[:cut])
            workers.gflops = [50] * 99
            journal = bench.resume(workers)
            assert path.read_bytes().startswith(before)
            measurements = journal.measurements()
            assert sorted(measurement.cell for measurement in measurements) == [cell.id for cell in plan.cells]
            completed = [repetition for measurement in measurements for repetition in measurement.repetitions]
            assert all(
                sum(not repetition.invalid for repetition in measurement.repetitions) >= 2
                or len(measurement.repetitions) == POLICY.attempts_max
                for measurement in measurements
            )
            assert all(
                [repetition.index for repetition in measurement.repetitions]
                == list(range(len(measurement.repetitions)))
                for measurement in measurements
            )
            places = [entry.sequence for entry in (*completed, *journal.probes())]
            assert sorted(places) == list(range(len(places)))
            assert find_disorder(plan.cells, schedule(journal), plan.order_seed) is None
