"""A scenario is added by its loop, its functions and one row: this test adds one that pauses between calls."""

import itertools
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest
from msgspec.structs import replace

from bench.bundle.plausibility import check_plausibility
from bench.errors import BundleError, UsageError
from bench.launch.plan import plan_run
from bench.measure.targets import load_target
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult, Sample
from bench.records.plan import Policy
from bench.stats.metrics import repetition_values
from bench.stats.scenarios import SCENARIOS, Scenario, find_scenario
from bench.stats.summary import summarize
from tests.builders import (
    CHOICE,
    HEADING,
    POLICY,
    make_cell,
    make_instance,
    make_machine,
    make_measurement,
    make_plan,
    make_repetition,
)

PAUSE_NS = 40_000_000
CELL = replace(make_cell(), scenario="paused")


class Clock:
    """A script: every call takes 10 ms."""

    now = 1_000

    def call(self) -> None:
        self.now += 10_000_000


def time_paused(call: Callable[[], object], iterations: int, policy: Policy, clock: Clock) -> tuple[Sample, ...]:
    samples = []
    for _ in range(policy.samples_min):
        start = clock.now
        call()
        samples.append(Sample(start_ns=start, elapsed_ns=clock.now - start, iterations=iterations))
        clock.now += PAUSE_NS
    return tuple(samples)


def slowest_s(instance: InstanceResult) -> float:
    return max(sample.elapsed_ns / sample.iterations for sample in instance.samples) / 1e9


def find_pause_problem(samples: Sequence[Sample], _: Policy) -> str | None:
    gaps = [later.start_ns - earlier.start_ns - earlier.elapsed_ns for earlier, later in itertools.pairwise(samples)]
    return None if all(gap == PAUSE_NS for gap in gaps) else "it did not pause as it should"


@pytest.fixture(autouse=True)
def with_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("added_scenario")
    module.time_paused = time_paused  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "added_scenario", module)
    added = Scenario(
        name="paused",
        summary="a test",
        loop="added_scenario:time_paused",
        latency_s=slowest_s,
        throughput_per_s=lambda instances: float(len(instances)),
        find_order_problem=SCENARIOS["closed_loop"].find_order_problem,
        find_warm_up_problem=lambda _instance, _policy: None,
        find_loop_problem=find_pause_problem,
    )
    for module_name in ("bench.stats.scenarios", "bench.bundle.consistency"):
        monkeypatch.setattr(f"{module_name}.SCENARIOS", {**SCENARIOS, "paused": added})


def make_timed() -> InstanceResult:
    """What a worker measures of the cell, by the clock's script."""
    clock = Clock()
    loop = load_target(find_scenario(CELL.scenario).loop)
    return replace(make_instance(), warmup=(), samples=loop(clock.call, 1, POLICY, clock))


def make_contents(instance: InstanceResult) -> Contents:
    from tests.builders import make_proof
    from tests.unit.bundle.builder import CONTENTS

    repetition = make_repetition(0, replace(instance, proof=make_proof()))
    measurements = (make_measurement(CELL, repetition),)
    plan = make_plan(CELL)
    return replace(
        CONTENTS, plan=plan, measurements=measurements, probes=(), summary=summarize(plan, measurements, ()), logs={}
    )


def test_it_is_planned_by_its_name() -> None:
    plan = plan_run(
        HEADING,
        cases=(CELL.case,),
        refused=(),
        units={"resnet50": "images"},
        layouts=make_plan().layouts,
        variables={},
        choice=CHOICE,
        policy=POLICY,
        machine=make_machine(),
        scenario="paused",
    )
    assert [cell.scenario for cell in plan.cells] == ["paused"]


def test_its_own_loop_times_it_and_its_own_functions_summarize_it() -> None:
    repetition = make_repetition(0, make_timed())
    measurement = make_measurement(CELL, repetition)
    assert repetition_values(measurement, CELL) == {0: 0.01}
    assert summarize(make_plan(CELL), [measurement], ()).cells[0].throughput_per_s.point == 1.0


def test_its_samples_are_checked_as_its_own_and_not_as_those_of_a_closed_loop() -> None:
    contents = make_contents(make_timed())
    check_plausibility(contents)
    closed = replace(contents, plan=make_plan(replace(CELL, scenario="closed_loop")))
    with pytest.raises(BundleError, match="the loop leaves none out"):
        check_plausibility(closed)
    with pytest.raises(BundleError, match="it did not pause as it should"):
        check_plausibility(make_contents(make_instance()))


def test_an_unknown_scenario_is_wrong_usage_and_lists_the_known() -> None:
    with pytest.raises(UsageError, match="no scenario 'server'; known are closed_loop, paused"):
        find_scenario("server")
