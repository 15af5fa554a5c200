"""Which cases are supported, and why not the others; decided without torch, before anything is started."""

from collections.abc import Callable, Iterable

from bench.backends.registry import find_backend
from bench.records.case import Case, WorkloadFacts
from bench.records.precision import PRECISION_FACTS
from bench.records.reason import Reason
from bench.records.source import Source
from bench.workloads.registry import find_workload, list_backends


def why_not(case: Case, sources: Iterable[Source] = ()) -> Reason | None:
    """Return why a case is not supported; None if it is.

    Args:
        case: Asked for.
        sources: Where its workload may come from besides the catalogue.

    Raises:
        UsageError: there is no such workload, or no such backend.
    """
    facts = find_workload(case.workload, sources)
    find_backend(case.backend)
    return next((reason for check in _CHECKS if (reason := check(case, facts)) is not None), None)


def _mode(case: Case, facts: WorkloadFacts) -> Reason | None:
    return None if case.mode in facts.batch_size else _reason(case, "mode_not_offered", mode=case.mode)


def _phase(case: Case, facts: WorkloadFacts) -> Reason | None:
    phases = facts.phases if case.mode == "inference" else ()
    if phases and case.phase not in phases:
        named = case.phase or "none"
        return _reason(case, "phase_not_offered", mode=case.mode, phase=named, offered=", ".join(phases))
    if not phases and case.phase is not None:
        return _reason(case, "no_phases", mode=case.mode, phase=case.phase)
    return None


def _precision(case: Case, facts: WorkloadFacts) -> Reason | None:
    precision = case.precision
    if precision not in facts.precisions:
        return _reason(case, "precision_not_offered", precision=precision, offered=", ".join(facts.precisions))
    if case.mode == "training" and PRECISION_FACTS[precision].no_training is not None:
        return _reason(case, "precision_does_not_train", precision=precision)
    return None


def _quant_engine(case: Case, facts: WorkloadFacts) -> Reason | None:  # noqa: ARG001 - one signature for all checks
    takes_engine = PRECISION_FACTS[case.precision].takes_quant_engine
    if takes_engine and case.quant_engine is None:
        return _reason(case, "quant_engine_missing", precision=case.precision)
    if not takes_engine and case.quant_engine is not None:
        return _reason(case, "quant_engine_unused", precision=case.precision, quant_engine=case.quant_engine)
    return None


def _group_size(case: Case, facts: WorkloadFacts) -> Reason | None:  # noqa: ARG001 - one signature for all checks
    takes_group = PRECISION_FACTS[case.precision].takes_group_size
    if takes_group and case.group_size is None:
        return _reason(case, "group_size_missing", precision=case.precision)
    if not takes_group and case.group_size is not None:
        return _reason(case, "group_size_unused", precision=case.precision, group_size=str(case.group_size))
    return None


def _memory_format(case: Case, facts: WorkloadFacts) -> Reason | None:
    wanted = case.memory_format
    if wanted not in facts.memory_formats:
        return _reason(case, "memory_format_not_offered", memory_format=wanted, offered=", ".join(facts.memory_formats))
    if wanted == "channels_last" and find_backend(case.backend).lays_out_itself:
        return _reason(case, "backend_lays_out_itself", backend=case.backend)
    return None


def _backend(case: Case, facts: WorkloadFacts) -> Reason | None:
    backend = find_backend(case.backend)
    offered = list_backends(facts)
    if backend.name not in offered:
        return _reason(case, "backend_not_offered", backend=backend.name, offered=", ".join(offered))
    if case.mode == "training" and backend.no_training is not None:
        return _reason(case, "backend_does_not_train", backend=backend.name)
    if case.precision in backend.unsupported:
        return _reason(case, "precision_not_in_backend", precision=case.precision, backend=backend.name)
    if case.precision in backend.unsupported_in_family.get(facts.family, {}):
        return _reason(
            case, "precision_not_in_backend", precision=case.precision, backend=backend.name, family=facts.family
        )
    return None


def _batch_size(case: Case, facts: WorkloadFacts) -> Reason | None:
    fixed = facts.batch_size[case.mode]
    if facts.fixed_batch_size and case.batch_size != fixed:
        return _reason(case, "batch_size_fixed", batch_size=str(case.batch_size), fixed=str(fixed))
    return None


def _dimensions(case: Case, facts: WorkloadFacts) -> Reason | None:
    known = ", ".join(facts.shape)
    for name in case.shape:
        if name not in facts.shape:
            return _reason(case, "dimension_unknown", dimension=name, known=known)
    for name, (least, greatest) in facts.bounds.items():
        if name not in case.shape:
            return _reason(case, "dimension_missing", dimension=name, known=known)
        if not least <= case.shape[name] <= greatest:
            return _reason(
                case,
                "dimension_out_of_bounds",
                dimension=name,
                value=str(case.shape[name]),
                least=str(least),
                greatest=str(greatest),
            )
    return None


def _reason(case: Case, code: str, **values: str) -> Reason:
    return Reason(code=code, values={"workload": case.workload, **values})


_CHECKS: tuple[Callable[[Case, WorkloadFacts], Reason | None], ...] = (
    _mode,
    _phase,
    _precision,
    _quant_engine,
    _group_size,
    _memory_format,
    _backend,
    _batch_size,
    _dimensions,
)
