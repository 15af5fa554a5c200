"""The least memory that a case needs, from facts: known without torch, before anything is started."""

from collections.abc import Iterable

from bench.records.case import Case, WorkloadFacts
from bench.records.precision import PRECISION_FACTS
from bench.records.source import Source
from bench.workloads.registry import find_workload

LIBRARIES_BYTES = 128 << 20
"""Resident in any worker that has loaded torch. Workers were seen with twice as much and more."""

_WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def count_parameters(facts: WorkloadFacts, case: Case) -> int:
    """Return how many parameters a case's model has at least."""
    missing = sum(
        each * (facts.shape[dimension] - case.shape.get(dimension, facts.shape[dimension]))
        for dimension, each in facts.parameters_per.items()
    )
    return max(0, facts.parameters - missing)


def count_least_bytes(case: Case, sources: Iterable[Source] = ()) -> int:
    """Return the memory that a worker needs at least: libraries, the case's weights, and the reference's in fp32.

    Both models are in memory when outputs are compared. Inputs, activations, gradients and an optimizer's state come on
    top, so a case that is not refused for this may still run out of memory.
    """
    precision = PRECISION_FACTS[case.precision]
    weight_bits = precision.weight_bits or 8 * _WEIGHT_BYTES[precision.weights]
    parameters = count_parameters(find_workload(case.workload, sources), case)
    return LIBRARIES_BYTES + parameters * (weight_bits + 8 * _WEIGHT_BYTES["float32"]) // 8
