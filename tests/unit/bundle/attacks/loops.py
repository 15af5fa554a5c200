"""Samples, rounds and ends of cells that bench's own loops cannot have made."""

from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult, Measurement, Repetition, Sample
from tests.builders import make_samples
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.attacks.hosts import both
from tests.unit.bundle.attacks.records import Change, every, instance, measurement, policy, repetition, summarized
from tests.unit.bundle.builder import CONTENTS, MS, seal_contents


def warmed(*latencies_ms: int, iterations: int = 1, **fields: object) -> Change:
    """Another warm-up of one repetition, which ends where its samples begin."""

    def change(result: InstanceResult) -> InstanceResult:
        start_ns = result.samples[0].start_ns - sum(latencies_ms) * iterations * MS
        samples = make_samples([ms / 1e3 for ms in latencies_ms], start_ns=start_ns, iterations=iterations)
        return replace(result, warmup=samples, **fields)

    return instance(change)


def multiplied(times: int) -> Change:
    """As many iterations in every timed sample of the first cell, in the same time."""
    return every(
        lambda result: replace(
            result, samples=tuple(replace(sample, iterations=times * sample.iterations) for sample in result.samples)
        )
    )


def one_sample_more(result: InstanceResult) -> InstanceResult:
    last = result.samples[-1]
    start_ns = last.start_ns + last.elapsed_ns
    return replace(result, samples=(*result.samples, Sample(start_ns=start_ns, elapsed_ns=9 * MS, iterations=1)))


def stopped(reason: str, index: int = 0) -> Change:
    return measurement(lambda found: replace(found, stopped=reason), index)


def first_alone(contents: Contents) -> Contents:
    """The fastest repetition of the first cell alone, all places in sequence."""
    alone, together, failed = contents.measurements
    later = replace(together.repetitions[1], sequence=3)
    kept: tuple[Measurement, ...] = (
        replace(alone, repetitions=alone.repetitions[:1]),
        replace(together, repetitions=(together.repetitions[0], later)),
        failed,
    )
    probes = (contents.probes[0], replace(contents.probes[1], sequence=4))
    return summarized(replace(contents, measurements=kept, probes=probes))


def rounds(*numbers: int) -> Change:
    """Both cells' repetitions in these rounds."""

    def apply(contents: Contents) -> Contents:
        changed = [
            replace(
                found,
                repetitions=tuple(
                    replace(repetition, round=number)
                    for repetition, number in zip(found.repetitions, numbers, strict=False)
                ),
            )
            for found in contents.measurements
        ]
        return replace(contents, measurements=tuple(changed))

    return apply


def without_failed(contents: Contents) -> Contents:
    plan = replace(contents.plan, cells=contents.plan.cells[:2])
    return summarized(replace(contents, plan=plan, measurements=contents.measurements[:2], logs={}))


def quicker(found: Repetition) -> Repetition:
    """A repetition whose samples are half a millisecond shorter."""
    instances = tuple(
        replace(
            result, samples=tuple(replace(sample, elapsed_ns=sample.elapsed_ns - MS // 2) for sample in result.samples)
        )
        for result in found.instances
    )
    return replace(found, instances=instances)


IN_A_HURRY = both(
    without_failed,
    policy(target_ci_ratio=1e-9, aim_s=600.0),
    repetition(quicker),
    repetition(quicker, 1),
    summarized,
    stopped("budget"),
    stopped("budget", 1),
)
"""Cells that are not precise, and ended for want of time in a tenth of it."""

LOOPS: list[tuple[str, Change, str]] = [
    ("five-fold iterations", multiplied(5), "a sample has 5 iterations, the warm-up gives 1"),
    ("one sample of two iterations", instance(lambda result: replace(result, samples=(replace(result.samples[0], iterations=2), *result.samples[1:]))), "a sample has 2 iterations, the warm-up gives 1"),
    ("no warm-up that is called steady", warmed(), "its warm-up of 0 samples is called steady, by their times it was not steady"),
    ("no warm-up", warmed(steady=False), "its warm-up ended after 0.000 s and was not steady, the plan gives it 1 s"),
    ("a warm-up that scatters and is called steady", warmed(10, 14, 10, 14, 10, 14), "by their times it was not steady"),
    ("a warm-up that slides and is called steady", warmed(20, 18, 16, 14, 12, 10), "by their times it was not steady"),
    ("a steady warm-up that is called unsteady", warmed(*[10] * 6, steady=False), "is called not steady, by their times it was steady"),
    ("a warm-up that went on when it was steady", warmed(*[10] * 7), "its warm-up went on after 6 samples, which were steady"),
    ("a warm-up beyond the plan's time", both(policy(warmup_max_s=0.03), warmed(*[10] * 6)), "its warm-up went on after 0.030 s, the plan allows 0.03 s"),
    ("a warm-up of other blocks than their times give", warmed(*[10] * 6, iterations=2), "sample 0 of its warm-up has 2 iterations, those before it give 1"),
    ("blocks that did not grow", warmed(*[1] * 6), "sample 1 of its warm-up has 1 iterations, those before it give 10"),
    ("a warm-up cut short", warmed(14, 10, steady=False), "its warm-up ended after 0.024 s and was not steady"),
    ("a timed part that went on for a fast sample", instance(one_sample_more), "it was timed for another sample after 0.067 s, the plan asks for 0.05 s"),
]  # fmt: skip

SCHEDULES: list[tuple[str, Change, str]] = [
    ("only the fastest repetition kept", first_alone, "stopped as precise, but its 1 repetitions, 1 of them valid, give no reason to stop"),
    ("fewer repetitions than the plan's least", policy(repetitions_min=3), "2 of them valid, give no reason to stop"),
    ("a wide interval that is called precise", both(policy(target_ci_ratio=1e-9), repetition(quicker), summarized), "stopped as precise, but its 2 repetitions, 2 of them valid, give no reason to stop"),
    ("a budget that the plan does not have", stopped("budget"), "stopped as budget, but its 2 repetitions, 2 of them valid, give precise"),
    ("a cell that failed and is called precise", stopped("precise", 2), "stopped as precise, and has a failure"),
    ("a run that ended long before its time", IN_A_HURRY, "the last one, stopped for want of time after 60 s; the plan has 600 s"),
    ("a round left out", rounds(0, 6), "but round 1 is missing"),
    ("a first round left out", rounds(1, 6), "but round 0 is missing"),
]  # fmt: skip

ATTACKS = [
    Attack(name=name, data=seal_contents(change(CONTENTS)), words=words) for name, change, words in LOOPS + SCHEDULES
]
