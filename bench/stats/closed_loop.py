"""The closed loop: the numbers of a repetition from its samples, and what `bench verify` expects of the samples.

The loop (`bench.measure.loop.time_samples`) calls the workload again as soon as it returns, for the planned time.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import lt
from statistics import median

from bench.records.measurement import InstanceResult, Sample
from bench.records.plan import Policy
from bench.stats.window import clip_samples, read_columns, shared_window

LEFT_OUT_LIMIT_RATIO = 0.1
"""Between samples the loop only reads clocks, for 1e-3 of the time; a tenth means that a sample was removed."""

MAX_SAMPLES = 100_000
"""The loop ends at this many samples: bounds memory and bundles. The shortest `sample_s` in use never reaches it."""

_CLOCK_LIMIT_NS = 1 << 62
"""146 years after boot; sums of two such still fit into 64 bits."""


def instance_latency_s(instance: InstanceResult) -> float:
    """Return the seconds an iteration of one instance: the median of its samples."""
    return median(sample.elapsed_ns / sample.iterations for sample in instance.samples) / 1e9


def throughput_per_s(instances: Sequence[InstanceResult]) -> float:
    """Return the items a second of all instances together in the window that they shared; 0 without such a window."""
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


def find_loop_problem(samples: Sequence[Sample], policy: Policy) -> str | None:
    """Return what the loop cannot have done, in a clause; None if samples fit the plan and leave no time out."""
    end_ns = samples[-1].start_ns + samples[-1].elapsed_ns
    if end_ns > _CLOCK_LIMIT_NS:
        return f"its samples end {end_ns} ns after the host started"
    if not policy.samples_min <= len(samples) <= MAX_SAMPLES:
        return f"{len(samples)} samples, the plan asks for {policy.samples_min} to {MAX_SAMPLES}"
    span_ns = end_ns - samples[0].start_ns
    left_out_ns = span_ns - sum(sample.elapsed_ns for sample in samples)
    if left_out_ns > LEFT_OUT_LIMIT_RATIO * span_ns:
        return (
            f"{left_out_ns} of the {span_ns} ns from its first to its last sample are in no sample; "
            "the loop leaves none out"
        )
    if len(samples) < MAX_SAMPLES and span_ns < (1 - LEFT_OUT_LIMIT_RATIO) * policy.measure_s * 1e9:
        return f"it was timed for {span_ns / 1e9:.3f} s, the plan asks for {policy.measure_s} s"
    return None
