"""Which cases can be run, and why not the others; decided without torch, before anything is started."""

from collections.abc import Callable

from bench.records.case import Case, WorkloadFacts
from bench.workloads.incompatible import (
    LAYS_OUT_ITSELF,
    NO_TRAINING_IN,
    NO_TRAINING_WITH,
    NOT_OF_FAMILY,
    NOT_OF_FAMILY_WITH,
    NOT_TOGETHER,
)
from bench.workloads.registry import find_workload


def why_not(case: Case) -> str | None:
    """Say in one line why a case cannot be run, or None if it can.

    Raises:
        UsageError: there is no such workload.
    """
    facts = find_workload(case.workload)
    reasons = (check(case, facts) for check in _CHECKS)
    return next((f"{case.workload}: {reason}" for reason in reasons if reason is not None), None)


def _mode(case: Case, facts: WorkloadFacts) -> str | None:
    if case.mode in facts.batch_size:
        return None
    return f"no {case.mode}: {facts.refused.get(case.mode, 'not offered')}"


def _phase(case: Case, facts: WorkloadFacts) -> str | None:
    phases = facts.phases if case.mode == "inference" else ()
    if phases:
        return (
            None
            if case.phase in phases
            else f"{case.mode} is measured in phases: {', '.join(phases)}, not {case.phase}"
        )
    return None if case.phase is None else f"{case.mode} has no phase {case.phase}"


def _precision(case: Case, facts: WorkloadFacts) -> str | None:
    if case.precision not in facts.precisions:
        return facts.refused.get(
            case.precision, f"precision {case.precision} is not offered; {', '.join(facts.precisions)} are"
        )
    if case.mode == "training" and case.precision in NO_TRAINING_IN:
        return NO_TRAINING_IN[case.precision]
    return NOT_OF_FAMILY.get((facts.family, case.precision))


def _quant_engine(case: Case, facts: WorkloadFacts) -> str | None:  # noqa: ARG001 - one signature for all checks
    if case.precision == "fx_int8" and case.quant_engine is None:
        return "fx_int8 needs a quantization engine; name one with --quant-engine"
    if case.precision != "fx_int8" and case.quant_engine is not None:
        return f"quantization engine {case.quant_engine} is for fx_int8, not for {case.precision}"
    return None


def _memory_format(case: Case, facts: WorkloadFacts) -> str | None:
    if case.memory_format in facts.memory_formats:
        if case.memory_format == "channels_last" and case.backend in LAYS_OUT_ITSELF:
            return f"{case.backend} lays images out by itself, whatever layout they come in; use contiguous"
        return None
    return f"memory format {case.memory_format} is not offered; {', '.join(facts.memory_formats)} is"


def _backend(case: Case, facts: WorkloadFacts) -> str | None:
    if case.backend not in facts.backends:
        return facts.refused.get(
            case.backend, f"backend {case.backend} is not offered; {', '.join(facts.backends)} are"
        )
    if case.mode == "training" and case.backend in NO_TRAINING_WITH:
        return NO_TRAINING_WITH[case.backend]
    together = NOT_TOGETHER.get((case.precision, case.backend))
    return together or NOT_OF_FAMILY_WITH.get((facts.family, case.precision, case.backend))


def _batch_size(case: Case, facts: WorkloadFacts) -> str | None:
    fixed = facts.batch_size[case.mode]
    if facts.fixed_batch_size and case.batch_size != fixed:
        return f"the batch size is fixed at {fixed}, not {case.batch_size}"
    return None


def _dimensions(case: Case, facts: WorkloadFacts) -> str | None:
    known = ", ".join(facts.shape)
    for name in case.shape:
        if name not in facts.shape:
            return f"no dimension {name!r}; it has {known}"
    for name, (least, greatest) in facts.bounds.items():
        if name not in case.shape:
            return f"dimension {name!r} is missing; a case says all of {known}"
        if not least <= case.shape[name] <= greatest:
            return f"{name}={case.shape[name]} is outside {least} to {greatest}"
    return None


_CHECKS: tuple[Callable[[Case, WorkloadFacts], str | None], ...] = (
    _mode,
    _phase,
    _precision,
    _quant_engine,
    _memory_format,
    _backend,
    _batch_size,
    _dimensions,
)
