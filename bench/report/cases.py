"""Cases in words."""

from collections.abc import Mapping

from bench.records.case import Case, precision_words
from bench.workloads.registry import WORKLOADS


def describe_case(case: Case) -> str:
    """Return a case in words; of its shape only what differs from the workload's default."""
    return f"{name_case(case)}, {describe_configuration(case)}"


def name_case(case: Case) -> str:
    """Return workload, phase, and of the shape what differs from the workload's default."""
    facts = WORKLOADS.get(case.workload)  # None for a bundle of another version of bench
    default = {} if facts is None else facts.shape
    return name_workload(case, {key: value for key, value in case.shape.items() if default.get(key) != value})


def describe_configuration(case: Case) -> str:
    """Return mode, precision, memory format, backend and batch size in words."""
    return f"{case.mode}, {name_precision(case)}, {case.memory_format}, {case.backend}, batch {case.batch_size}"


def name_precision(case: Case) -> str:
    """Return the precision, with the quantization engine or the group size if it has one."""
    return " ".join(precision_words(case))


def name_workload(case: Case, shape: Mapping[str, int]) -> str:
    """Return workload, phase and the given dimensions, such as `gpt2 decode prompt_tokens=32`."""
    return " ".join(filter(None, (case.workload, case.phase, describe_shape(shape))))


def describe_shape(shape: Mapping[str, int]) -> str:
    """Return dimensions in words, such as `output_tokens=8 prompt_tokens=32`."""
    return " ".join(f"{key}={value}" for key, value in sorted(shape.items()))
