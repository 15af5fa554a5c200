"""What differs between two sides, and whether it matters. Comes before any verdict."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Literal

from msgspec.structs import asdict

from bench.compare.packages import soften_package
from bench.compare.rules import CELL_RULES, RUN_RULES, Rule
from bench.records.bundle import Contents, Distribution
from bench.records.measurement import InstanceResult, Measurement
from bench.records.plan import Cell
from bench.records.verdict import Finding, Severity

Purpose = Literal["compare", "reproduce", "variants"]
"""`compare` looks for a change between runs; `reproduce` allows none; `variants` of one run differ on purpose."""

ABSENT = "(none)"
LONGEST = 100
"""Characters of a value that are shown."""


def find_differences(base: Contents, new: Contents, purpose: Purpose) -> tuple[Finding, ...]:
    """What differs between two runs as a whole, in the table's order; emulation is refused even if both have it.

    A private field that was taken out of either is not compared.
    """
    hidden = {*base.hidden, *new.hidden}
    found = [
        soften_package(finding, {cell.case.backend for cell in base.plan.cells})
        for rule in RUN_RULES
        if rule.field.removeprefix("machine.") not in hidden
        for finding in _compare_field(rule, attrgetter(rule.field)(base), attrgetter(rule.field)(new), purpose)
    ]
    emulated = base.machine.cpu.emulated, new.machine.cpu.emulated
    if any(emulated):
        reason = "an emulated architecture is no CPU, and its times say nothing"
        found.insert(0, _finding("machine.cpu.emulated", *emulated, "refuse", reason))
    return tuple(found)


def find_cell_differences(
    base: tuple[Cell, Measurement], new: tuple[Cell, Measurement], purpose: Purpose
) -> tuple[Finding, ...]:
    """What differs for one cell, in the table's order.

    A fact that only one side knows, as where no worker came as far as its proof, is no difference.
    """
    before, after = cell_facts(*base), cell_facts(*new)
    return tuple(
        finding
        for rule in CELL_RULES
        if rule.field in before and rule.field in after
        for finding in _compare_field(rule, before[rule.field], after[rule.field], purpose)
    )


def refusal(findings: Sequence[Finding]) -> str | None:
    """Why there can be no verdict, in a sentence; None if nothing forbids one."""
    refused = [one for one in findings if one.severity == "refuse"]
    return "; ".join(f"{one.field}: {one.base} and {one.new} ({one.reason})" for one in refused) or None


def cell_facts(cell: Cell, measurement: Measurement) -> dict[str, object]:
    """What a cell's own rules compare: from its plan, and from what its workers reported."""
    instances = [instance for repetition in measurement.repetitions for instance in repetition.instances]
    facts: dict[str, object] = {
        "threads": tuple(binding.threads for binding in cell.instances),
        "cpus": tuple(binding.cpus for binding in cell.instances),
        "memory_nodes": tuple(binding.memory_nodes for binding in cell.instances),
        "openmp": cell.runtime.openmp,
        "allocator": cell.runtime.allocator,
        "environment": cell.environment,
    }
    if instances:
        facts["items_per_iteration"] = instances[0].items_per_iteration
        facts |= _effective_facts(instances)
    proof = measurement.proof
    if proof is not None:
        facts["weights_digest"] = proof.weights_digest
        facts["inputs_digest"] = proof.inputs_digest
        facts["primitives"] = tuple(sorted(proof.primitives))
    return facts


def _effective_facts(instances: Sequence[InstanceResult]) -> dict[str, object]:
    """State that workers read back: one value, or all of them where instances or repetitions differ."""
    values: dict[str, list[object]] = {}
    for instance in instances:
        inherited = {} if instance.effective.inherited is None else asdict(instance.effective.inherited)
        state = {f"inherited.{name}": value for name, value in inherited.items()}
        for name, value in (state | {"flush_denormals": instance.effective.flush_denormals}).items():
            if value is not None and value not in values.setdefault(name, []):
                values[name].append(value)
    return {name: found[0] if len(found) == 1 else tuple(found) for name, found in values.items() if found}


def _compare_field(rule: Rule, base: object, new: object, purpose: Purpose) -> Iterator[Finding]:
    """Findings of one rule: one a key for mappings, one in all for everything else."""
    severity = _weigh(rule, purpose)
    before, after = _comparable(base), _comparable(new)
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                field = f"{rule.field}.{key}"
                yield _finding(field, before.get(key, ABSENT), after.get(key, ABSENT), severity, rule.reason)
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        yield _finding(rule.field, _list(before - after), _list(after - before), severity, rule.reason)
    else:
        yield _finding(rule.field, before, after, severity, rule.reason)


def _comparable(value: object) -> object:
    """Packages as name → version and digest, so that one version built twice is two; lists of names as sets."""
    if not isinstance(value, tuple) or not value:
        return value
    if isinstance(value[0], Distribution):
        return {one.name: f"{one.version} {one.digest or ''}".rstrip() for one in value}
    return frozenset(value) if isinstance(value[0], str) and value == tuple(sorted(set(value))) else value


def _weigh(rule: Rule, purpose: Purpose) -> Severity:
    match purpose:
        case "compare":
            return rule.compare
        case "reproduce":
            return rule.reproduce
        case "variants":
            return "refuse" if rule.compare == "refuse" else "note"


def _list(names: frozenset[object]) -> str:
    return ", ".join(sorted(map(str, names))) or ABSENT


def _finding(field: str, base: object, new: object, severity: Severity, reason: str) -> Finding:
    return Finding(field=field, base=_show(base), new=_show(new), severity=severity, reason=reason)


def _show(value: object) -> str:
    text = ABSENT if value is None else ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
