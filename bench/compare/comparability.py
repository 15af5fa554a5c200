"""What differs between two sides, and whether it matters. Comes before any verdict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal

from msgspec.structs import asdict

from bench.compare.interpreters import soften_interpreter
from bench.compare.packages import soften_package
from bench.compare.rules import CELL_RULES, RUN_RULES, Rule
from bench.records.bundle import Contents, Distribution
from bench.records.measurement import InstanceResult, Measurement
from bench.records.plan import Cell
from bench.records.reason import Reason
from bench.records.verdict import Finding, Severity, find_refusals

Purpose = Literal["compare", "reproduce", "variants"]
"""`compare` looks for a change between runs; `reproduce` allows none; `variants` of one run differ on purpose."""

ABSENT = "(none)"
VALUE_LENGTH_MAX = 100
"""Characters of a value that are kept: a finding names what differs, and the bundles have the whole of it."""


def find_differences(base: Contents, new: Contents, purpose: Purpose) -> tuple[Finding, ...]:
    """Return what differs between two runs as a whole, in the table's order.

    Emulation is refused even if both have it. A private field that was taken out of either is not compared.
    """
    hidden = {*base.hidden, *new.hidden}
    found = [
        soften_interpreter(soften_package(finding, {cell.case.backend for cell in base.plan.cells}))
        for rule in RUN_RULES
        if rule.field.removeprefix("machine.") not in hidden
        for finding in _compare_field(rule, attrgetter(rule.field)(base), attrgetter(rule.field)(new), purpose)
    ]
    emulated = base.machine.cpu.emulated, new.machine.cpu.emulated
    if any(emulated):
        found.insert(0, _make_finding("machine.cpu.emulated", *emulated, "refuse", "emulated_architecture"))
    return tuple(found)


def find_cell_differences(
    base: tuple[Cell, Measurement], new: tuple[Cell, Measurement], purpose: Purpose
) -> tuple[Finding, ...]:
    """Return what differs for one cell, in the table's order.

    A fact that only one side knows is no difference: a worker that failed before its proof knows no hashes.
    """
    before, after = collect_cell_facts(*base), collect_cell_facts(*new)
    return tuple(
        finding
        for rule in CELL_RULES
        if rule.field in before and rule.field in after
        for finding in _compare_field(rule, before[rule.field], after[rule.field], purpose)
    )


def describe_run(contents: Contents) -> dict[str, str]:
    """Return what the rules of runs compare, as text by field; of a mapping or of packages, a field for each key.

    A private field that was taken out of the bundle has no entry.
    """
    facts = [(rule, attrgetter(rule.field)(contents)) for rule in RUN_RULES]
    return dict(
        _describe_facts([fact for fact in facts if fact[0].field.removeprefix("machine.") not in contents.hidden])
    )


def describe_cell(cell: Cell, measurement: Measurement) -> dict[str, str]:
    """Return what the rules of cells compare, as text by field; what no worker reported has no entry."""
    facts = collect_cell_facts(cell, measurement)
    return dict(_describe_facts([(rule, facts[rule.field]) for rule in CELL_RULES if rule.field in facts]))


def find_rule(field: str, rules: Sequence[Rule]) -> Rule:
    """Return the rule of a field that `describe_run` (`RUN_RULES`) or `describe_cell` (`CELL_RULES`) returned."""
    return next(rule for rule in rules if field == rule.field or field.startswith(f"{rule.field}."))


def compare_descriptions(base: Mapping[str, str], new: Mapping[str, str], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Return what differs between two descriptions of runs or cells, by field, where a change is looked for."""
    found = []
    for field in sorted(base.keys() | new.keys()):
        before, after = base.get(field, ABSENT), new.get(field, ABSENT)
        if before != after:
            rule = find_rule(field, rules)
            found.append(_make_finding(field, *_strip_shared(before, after), rule.compare, rule.code))
    return tuple(found)


def explain_refusals(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """Return why there can be no verdict, a reason for each finding that forbids one."""
    return tuple(
        Reason(code="differs", values={"field": finding.field, "base": finding.base, "new": finding.new})
        for finding in find_refusals(findings)
    )


def collect_cell_facts(cell: Cell, measurement: Measurement) -> dict[str, object]:
    """Return what a cell's own rules compare: from its plan, and from what its workers reported."""
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
    states = ((instance.effective.inherited, instance.effective.flush_denormals) for instance in instances)
    for (inherited, flush_denormals), _ in groupby(states):  # mostly all are equal
        fields = {} if inherited is None else asdict(inherited)
        state = {f"inherited.{name}": value for name, value in fields.items()}
        for name, value in (state | {"flush_denormals": flush_denormals}).items():
            if value is not None and value not in values.setdefault(name, []):
                values[name].append(value)
    return {name: found[0] if len(found) == 1 else tuple(found) for name, found in values.items() if found}


def _compare_field(rule: Rule, base: object, new: object, purpose: Purpose) -> Iterator[Finding]:
    """Yield the findings of one rule: one for each key of mappings, one in all for everything else."""
    severity = _find_severity(rule, purpose)
    before, after = _normalize(base), _normalize(new)
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                field = f"{rule.field}.{key}"
                yield _make_finding(field, before.get(key, ABSENT), after.get(key, ABSENT), severity, rule.code)
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        yield _make_finding(rule.field, before - after, after - before, severity, rule.code)
    else:
        yield _make_finding(rule.field, before, after, severity, rule.code)


def _normalize(value: object) -> object:
    """Return packages as name → version and digest, and sorted names as a set; any other value as it is.

    The digest tells two builds of one version apart. An empty list is a set too, or a list could not be compared with it.
    """
    if not isinstance(value, tuple):
        return value
    if value and isinstance(value[0], Distribution):
        return {package.name: f"{package.version} {package.digest or ''}".rstrip() for package in value}
    names = [entry for entry in value if isinstance(entry, str)]
    return frozenset(names) if len(names) == len(value) and names == sorted(set(names)) else value


def _describe_facts(facts: Sequence[tuple[Rule, object]]) -> Iterator[tuple[str, str]]:
    for rule, value in facts:
        normal = _normalize(value)
        if isinstance(normal, Mapping):
            yield from ((f"{rule.field}.{key}", _describe(entry)) for key, entry in normal.items())
        else:
            yield rule.field, _describe(normal)


def _strip_shared(before: str, after: str) -> tuple[str, str]:
    """Return two lists, as text, without the entries that both have; any other text unchanged."""
    base, new = before.split(", "), after.split(", ")
    if min(len(base), len(new)) < 2:
        return before, after
    return (
        ", ".join(entry for entry in base if entry not in new) or ABSENT,
        ", ".join(entry for entry in new if entry not in base) or ABSENT,
    )


def _find_severity(rule: Rule, purpose: Purpose) -> Severity:
    match purpose:
        case "compare":
            return rule.compare
        case "reproduce":
            return rule.reproduce
        case "variants":
            return "refuse" if rule.compare == "refuse" else "note"


def _make_finding(field: str, base: object, new: object, severity: Severity, code: str) -> Finding:
    return Finding(field=field, base=_format(base), new=_format(new), severity=severity, reason=Reason(code=code))


def _format(value: object) -> str:
    text = _describe(value)
    return text if len(text) <= VALUE_LENGTH_MAX else f"{text[: VALUE_LENGTH_MAX - 3]}..."


def _describe(value: object) -> str:
    """Return a value as text. Sets are sorted, or their order would change from one process to the next."""
    match value:
        case None:
            return ABSENT
        case frozenset():
            return ", ".join(sorted(map(_describe, value))) or ABSENT
        case tuple():
            return ", ".join(map(_describe, value)) or ABSENT
        case Mapping():
            return ", ".join(f"{name}={_describe(entry)}" for name, entry in sorted(value.items())) or ABSENT
        case _:
            return str(value)
