"""How long a search takes, by the policy of its stages and by repetitions that were timed. Pure."""

from collections.abc import Sequence
from statistics import fmean, median

from msgspec.structs import replace

from bench.launch.plan import OVERHEAD_S, estimate_repetition_s, estimate_seconds
from bench.planning.plan import override_policy
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult
from bench.records.plan import Policy
from bench.records.request import Request
from bench.records.tuning import StageName
from bench.tune.stages import REPETITIONS_LEAST

Timed = Sequence[Sequence[InstanceResult]]
"""Repetitions, each with the results of its instances. Of several cells all have equally many."""


def expect_repetition_s(timed: Timed, policy: Policy) -> float:
    """Return the mean seconds of a repetition, from some that were timed under this policy or another.

    Where iterations are long, the least number of samples takes longer than the timed seconds that a policy aims at.

    Args:
        timed: Repetitions; without any the policy alone decides.
        policy: Of the repetitions that are expected.
    """
    if not timed:
        return estimate_repetition_s(policy)
    return fmean(max(_expect_instance_s(result, policy) for result in repetition) for repetition in timed)


def list_timed(contents: Contents) -> Timed:
    """Return the repetitions of a stage."""
    return [repetition.instances for measurement in contents.measurements for repetition in measurement.repetitions]


def estimate_stage_s(cells: int, policy: Policy, timed: Timed, *, probe_s: float) -> float:
    """Estimate the seconds of the least repetitions of a stage.

    Args:
        cells: Of all its arms.
        policy: Of its plan.
        timed: Repetitions of these cells, or of some of them.
        probe_s: Seconds of one probe.
    """
    return estimate_seconds(cells, policy, expect_repetition_s(timed, policy), probe_s=probe_s)


def estimate_tuning_s(
    request: Request, arms: int, knobs: int, cells: int, timed: Timed = (), *, probe_s: float
) -> float:
    """Estimate the seconds that a search takes at least.

    Args:
        request: Of a stage.
        arms: That race.
        knobs: That the winner may have changed.
        cells: Of each arm.
        timed: Repetitions of the profile's own settings.
        probe_s: Seconds of one probe.
    """
    # Of a winner with one setting only, none is taken back alone, and none can be left out.
    stages: list[tuple[StageName, int]] = [("trial", 2 + knobs), ("confirm", 2)] if knobs > 1 else [("trial", 2)]
    racing = arms
    while racing > 1:
        stages.append(("race", racing + 1))
        racing = (racing + 1) // 2
    policy = override_policy(request)
    repetition_s = expect_repetition_s(timed, policy)
    return sum(
        estimate_seconds(
            count * cells, replace(policy, repetitions_min=REPETITIONS_LEAST[stage]), repetition_s, probe_s=probe_s
        )
        for stage, count in stages
    )


def _expect_instance_s(result: InstanceResult, policy: Policy) -> float:
    iteration_s = median(sample.elapsed_ns / sample.iterations for sample in result.samples) / 1e9
    warmup_s = sum(sample.elapsed_ns for sample in result.warmup) / 1e9
    timed_s = max(policy.measure_s, policy.samples_min * max(iteration_s, policy.sample_s))
    # The first call of a repetition finds what an earlier one compiled, so it is expected to take an iteration.
    begin_s = result.build_s + result.prepare_s + result.load_s + iteration_s
    return max(OVERHEAD_S, begin_s) + warmup_s + timed_s
