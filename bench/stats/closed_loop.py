"""The closed loop's samples: what they say of a repetition, and what they must fulfil."""

from collections.abc import Sequence
from statistics import fmean

from bench.records.measurement import InstanceResult, Repetition
from bench.stats.window import clip_samples, read_columns, shared_window


def instance_latency_s(instance: InstanceResult) -> float:
    """Return the seconds an iteration of one instance: the median of its samples."""
    import numpy as np

    columns = read_columns(instance.samples)
    return float(np.median(columns.elapsed_ns / columns.iterations)) / 1e9


def repetition_latency_s(repetition: Repetition) -> float:
    """Return the seconds an iteration of one repetition: the mean over its instances."""
    return fmean(map(instance_latency_s, repetition.instances))


def throughput_per_s(instances: Sequence[InstanceResult]) -> float:
    """Return the items a second of all instances together, in the window that they shared."""
    window = shared_window(instances)
    total = 0.0
    for instance in instances:
        iterations, elapsed_ns = clip_samples(read_columns(instance.samples), window)
        busy_s = float(elapsed_ns.sum()) / 1e9
        total += float(iterations.sum()) * instance.items_per_iteration / busy_s if busy_s else 0.0
    return total
