"""The closed loop: the numbers of a repetition from its samples, and what `bench verify` expects of the samples.

The loop (`bench.measure.loop.time_samples`) calls the workload again as soon as it returns, for the planned time.

The scenario's name stands for these rules, in every bundle. A loop with other rules is another scenario.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import lt
from statistics import median

from bench.records.measurement import InstanceResult, Sample
from bench.records.plan import Policy
from bench.stats.steady import is_steady
from bench.stats.window import clip_samples, read_columns, shared_window

LEFT_OUT_LIMIT_RATIO = 0.1
"""Between samples the loop only reads clocks, for 1e-3 of the time; a tenth means that a sample was removed."""

LONGEST_PAUSE_RATIO = 0.5
"""Share of the warm-up's time that its samples fill at least: the process may have been stopped before its first or after
its last one."""

MAX_SAMPLES = 100_000
"""The loop ends at this many samples: bounds memory and bundles. The shortest `sample_s` in use never reaches it."""

_CLOCK_LIMIT_NS = 1 << 62
"""146 years after boot; sums of two such still fit into 64 bits."""


class WarmUp:
    """The rule of the warm-up: how long its blocks are, and when it ends. The loop and `bench verify` both follow it.

    Blocks grow until one lasts about a sample. From then on they are equal, and the warm-up ends when they are steady.

    Attributes:
        iterations: Of the next block.
    """

    def __init__(self, sample_s: float) -> None:
        """Begin with a block of one iteration.

        Args:
            sample_s: Aimed length of a block.
        """
        self.iterations = 1
        self._sample_s = sample_s
        self._latencies_ns: list[float] = []

    def add(self, block: Sample) -> bool:
        """Take a block of `iterations`; return whether blocks are steady."""
        wanted = iterations_per_sample(block, self._sample_s)
        if wanted > 2 * self.iterations:
            self.iterations = min(wanted, 10 * self.iterations)
            self._latencies_ns.clear()
            return False
        self._latencies_ns.append(block.elapsed_ns / block.iterations)
        return is_steady(self._latencies_ns)


def iterations_per_sample(sample: Sample, sample_s: float) -> int:
    """Return how many iterations last about `sample_s`, by the time of one sample; at least 1."""
    return max(1, round(sample_s * 1e9 * sample.iterations / sample.elapsed_ns))


def instance_latency_s(instance: InstanceResult) -> float:
    """Return the seconds an iteration of one instance: the median of its samples."""
    return median([sample.elapsed_ns / sample.iterations for sample in instance.samples]) / 1e9


def throughput_per_s(instances: Sequence[InstanceResult]) -> float:
    """Return the items a second of all instances together in the window that they shared; 0 without such a window."""
    if len(instances) == 1:  # whose window cuts nothing off
        (instance,) = instances
        busy_s = sum([sample.elapsed_ns for sample in instance.samples]) / 1e9
        return sum([sample.iterations for sample in instance.samples]) * instance.items_per_iteration / busy_s
    window = shared_window(instances)
    total = 0.0
    for instance in instances:
        iterations, elapsed_ns = clip_samples(read_columns(instance.samples), window)
        busy_s = float(elapsed_ns.sum()) / 1e9
        total += float(iterations.sum()) * instance.items_per_iteration / busy_s if busy_s else 0.0
    return total


def find_order_problem(samples: Sequence[Sample]) -> str | None:
    """Return which samples of one instance overlap, in a clause; None if none do: it computes one at a time."""
    starts = [sample.start_ns for sample in samples]
    ends = [sample.start_ns + sample.elapsed_ns for sample in samples]
    if not any(map(lt, starts[1:], ends)):
        return None
    earlier, later = next(pair for pair in pairwise(range(len(samples))) if starts[pair[1]] < ends[pair[0]])
    return f"the samples that start at {starts[earlier]} and {starts[later]} ns overlap"


def find_warm_up_problem(instance: InstanceResult, policy: Policy) -> str | None:
    """Return what the warm-up cannot have done, in a clause; None if it went and ended by its rule.

    The length of the timed samples follows from it.
    """
    rule = WarmUp(policy.sample_s)
    limit_ns = policy.warmup_max_s * 1e9
    steady, lasted_ns = False, 0
    for place, block in enumerate(instance.warmup):
        if steady:
            return f"its warm-up went on after {place} samples, which were steady"
        if lasted_ns >= limit_ns:
            return f"its warm-up went on after {lasted_ns / 1e9:.3f} s, the plan allows {policy.warmup_max_s:g} s"
        if block.iterations != rule.iterations:
            return f"sample {place} of its warm-up has {block.iterations} iterations, those before it give {rule.iterations}"
        steady = rule.add(block)
        lasted_ns = block.start_ns + block.elapsed_ns - instance.warmup[0].start_ns
    if steady != instance.steady:
        said, found = ("steady", "not steady") if instance.steady else ("not steady", "steady")
        return f"its warm-up of {len(instance.warmup)} samples is called {said}, by their times it was {found}"
    if not steady and lasted_ns < LONGEST_PAUSE_RATIO * limit_ns:
        return f"its warm-up ended after {lasted_ns / 1e9:.3f} s and was not steady, the plan gives it {policy.warmup_max_s:g} s"
    odd = next((sample.iterations for sample in instance.samples if sample.iterations != rule.iterations), None)
    return None if odd is None else f"a sample has {odd} iterations, the warm-up gives {rule.iterations}"


def find_loop_problem(samples: Sequence[Sample], policy: Policy) -> str | None:
    """Return what the loop cannot have done, in a clause; None if samples fit the plan and leave no time out."""
    end_ns = samples[-1].start_ns + samples[-1].elapsed_ns
    if end_ns > _CLOCK_LIMIT_NS:
        return f"its samples end {end_ns} ns after the host started"
    if not policy.samples_min <= len(samples) <= MAX_SAMPLES:
        return f"{len(samples)} samples, the plan asks for {policy.samples_min} to {MAX_SAMPLES}"
    span_ns = end_ns - samples[0].start_ns
    left_out_ns = span_ns - sum([sample.elapsed_ns for sample in samples])
    if left_out_ns > LEFT_OUT_LIMIT_RATIO * span_ns:
        return (
            f"{left_out_ns} of the {span_ns} ns from its first to its last sample are in no sample; "
            "the loop leaves none out"
        )
    if len(samples) < MAX_SAMPLES and span_ns < (1 - LEFT_OUT_LIMIT_RATIO) * policy.measure_s * 1e9:
        return f"it was timed for {span_ns / 1e9:.3f} s, the plan asks for {policy.measure_s} s"
    if len(samples) > policy.samples_min:
        before_ns = samples[-2].start_ns + samples[-2].elapsed_ns - samples[0].start_ns
        if before_ns >= policy.measure_s * 1e9:
            return (
                f"it was timed for another sample after {before_ns / 1e9:.3f} s, the plan asks for {policy.measure_s} s"
            )
    return None
