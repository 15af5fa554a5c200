"""Cases in words."""

from collections.abc import Mapping

from bench.records.case import Case
from bench.workloads.registry import WORKLOADS


def describe_case(case: Case) -> str:
    """Return a case in words; of its shape only what differs from the workload's default."""
    facts = WORKLOADS.get(case.workload)  # None for a bundle of another version of bench
    default = {} if facts is None else facts.shape
    name = name_workload(case, {key: value for key, value in case.shape.items() if default.get(key) != value})
    return f"{name}, {case.mode}, {case.precision}, {case.memory_format}, {case.backend}, batch {case.batch_size}"


def name_workload(case: Case, shape: Mapping[str, int]) -> str:
    """Return workload, phase and the given dimensions, such as `gpt2 decode prompt_tokens=32`."""
    name = case.workload if case.phase is None else f"{case.workload} {case.phase}"
    return " ".join((name, *(f"{key}={value}" for key, value in sorted(shape.items()))))
