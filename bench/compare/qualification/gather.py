"""Gather the bundles of the unit under test and its references: all of them, each verified, each once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, product
from math import isclose
from pathlib import Path

from bench.bundle.signers import Requirements, check_requirements
from bench.bundle.trust import TrustStore
from bench.compare.comparability import find_cell_differences, find_differences
from bench.compare.qualification.reading import Unit, label_cells
from bench.compare.shared_samples import find_shared_samples
from bench.errors import BundleError, NotComparableError, UsageError
from bench.records.bundle import BUNDLE_SUFFIX, RUN_SUFFIX, RunId
from bench.records.machine import Machine
from bench.records.qualification import BundleName
from bench.records.reason import Reason
from bench.records.verdict import Finding, find_refusals
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from bench.verification.verify_many import find_bundles

_RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")

_MEMORY_TOLERANCE = 0.01
"""A share: kernels reserve some megabytes more or less."""


def read_units(paths: Sequence[Path], trust: TrustStore | None, *, now: datetime | None = None) -> list[Unit]:
    """Return verified bundles, with the roles whose thresholds their signatures reach.

    Args:
        paths: Bundles, and folders: every bundle in one or below counts, so that none is left out.
        trust: A key of it must have signed each; None trusts nobody.
        now: Decides whether the trust store has expired; by default the clock does.

    Raises:
        UsageError: no such file, or a folder holds no bundle.
        BundleError: one does not verify; names it.
    """
    units = []
    for path in find_bundles(paths):
        verification = verify_bundle(path, Requirements(trust=trust), now=now)
        units.append(Unit(verification=verification, roles=None if trust is None else _roles(verification, trust)))
    return units


def find_unfinished(paths: Sequence[Path]) -> tuple[RunId, ...]:
    """Return the runs in some folders, and below, that were begun and have no bundle: slow ones could be left out so."""
    folders = {found for path in paths if path.is_dir() for found in path.rglob(f"*{RUN_SUFFIX}") if found.is_dir()}
    names = {folder.name.removesuffix(RUN_SUFFIX) for folder in folders}
    finished = {bundle.name.removesuffix(BUNDLE_SUFFIX) for folder in folders for bundle in _bundles_beside(folder)}
    return tuple(name for name in sorted(names - finished) if _RUN_ID.fullmatch(name))


def merge_copies(units: Sequence[Unit]) -> list[Unit]:
    """Return bundles sorted by run, of copies of one the least redacted, with the roles that all of them reach."""
    merged: dict[BundleName, Unit] = {}
    for unit in sorted(units, key=_place):
        kept = merged.setdefault(unit.name, unit)
        if kept.roles is not None and unit.roles is not None:
            merged[unit.name] = replace(kept, roles=tuple(sorted({*kept.roles, *unit.roles})))
    return list(merged.values())


def _place(unit: Unit) -> tuple[str, str, int, tuple[str, ...]]:
    hidden = unit.contents.hidden
    return unit.name.run_id, unit.name.digest, len(hidden), hidden


def check_apart(units: Sequence[Unit]) -> None:
    """Refuse to count measurements twice, also if they were sealed again as those of another run.

    Raises:
        UsageError: two bundles are of the same run, or hold the same samples.
    """
    names = [unit.name.run_id for unit in units]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"run {name} is given twice; each run counts once")
    shared = find_shared_samples(unit.contents for unit in units)
    if shared is not None:
        raise UsageError(f"runs {' and '.join(shared)} hold the same measurements; each counts once, so leave one out")


def check_same_machine(units: Sequence[Unit]) -> None:
    """Refuse bundles of different machines.

    Raises:
        NotComparableError: two are of different machines; names the field and both values.
    """
    first = units[0]
    for unit in units[1:]:
        for field, mine, theirs in _differences(first.contents.machine, unit.contents.machine):
            raise NotComparableError(
                f"{field} is {mine!r} in run {first.name.run_id} and {theirs!r} in run {unit.name.run_id}: "
                "these are different machines; qualify each by itself"
            )


def check_alike(units: Sequence[Unit], references: Sequence[Unit]) -> tuple[Reason, ...]:
    """Refuse references that are not comparable with the unit under test.

    Returns:
        What else differs and may change the numbers.

    Raises:
        NotComparableError: a reference is of another kind of machine, was emulated, or measured something else.
    """
    notes = []
    for unit, reference in product(units, references):
        findings = find_differences(unit.contents, reference.contents, "compare")
        forbidding = next(
            chain(_refuse(findings), _refuse(_size_findings(unit, reference)), _cell_refusals(unit, reference)), None
        )
        names = f"run {unit.name.run_id} and reference {reference.name.run_id}"
        if forbidding is not None:
            raise NotComparableError(f"{names} are not alike: {forbidding}")
        notes += [_describe_difference(unit, reference, finding) for finding in findings if finding.severity == "warn"]
    return tuple(notes)


def _bundles_beside(folder: Path) -> Iterator[Path]:
    return folder.parent.glob(f"*{BUNDLE_SUFFIX}")


def _describe_difference(unit: Unit, reference: Unit, finding: Finding) -> Reason:
    return Reason(
        code="reference_differs",
        values={
            "run_id": unit.name.run_id,
            "reference": reference.name.run_id,
            "field": finding.field,
            "unit_value": finding.base,
            "reference_value": finding.new,
        },
    )


def _cell_refusals(unit: Unit, reference: Unit) -> Iterator[str]:
    others = label_cells(reference.contents)
    measured, reference_measured = (
        {measurement.cell: measurement for measurement in side.contents.measurements} for side in (unit, reference)
    )
    for label, cell in label_cells(unit.contents).items():
        other = others.get(label)
        if other is not None and cell.id in measured and other.id in reference_measured:
            findings = find_cell_differences(
                (cell, measured[cell.id]), (other, reference_measured[other.id]), "compare"
            )
            yield from (f"{label}: {reason}" for reason in _refuse(findings))


def _refuse(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in find_refusals(findings):
        yield f"{finding.field}: {finding.base} and {finding.new}"


def _size_findings(unit: Unit, reference: Unit) -> tuple[Finding, ...]:
    """Return differences in size: units of one product have the same, though a comparison does not need that."""
    pairs = zip(_size(unit.contents.machine), _size(reference.contents.machine), strict=True)
    return tuple(
        Finding(
            field=f"machine.{field}",
            base=str(one),
            new=str(two),
            severity="refuse",
            reason=Reason(code="other_unit_size"),
        )
        for (field, one), (_, two) in pairs
        if one != two
    )


def _size(machine: Machine) -> list[tuple[str, object]]:
    topology = machine.topology
    return [
        ("topology.package_count", topology.package_count),
        ("topology.core_count", topology.core_count),
        ("topology.smt_active", topology.smt_active),
    ]


def _differences(one: Machine, two: Machine) -> Iterator[tuple[str, object, object]]:
    """Yield facts that differ between two machines, and cannot differ between two runs on one.

    Two servers of one model differ only in their names, and a container's name is not its host's. Names may be
    redacted, and are not compared then.
    """
    pairs: list[tuple[str, object, object]] = [
        *((field, mine, theirs) for (field, mine), (_, theirs) in zip(_size(one), _size(two), strict=True)),
        ("cpu.architecture", one.cpu.architecture, two.cpu.architecture),
        ("cpu.vendor", one.cpu.vendor, two.cpu.vendor),
        ("cpu.microarchitecture", one.cpu.microarchitecture, two.cpu.microarchitecture),
        ("cpu.model_name", one.cpu.model_name, two.cpu.model_name),
        ("cpu.isa", one.cpu.isa, two.cpu.isa),
        ("topology.cpu_count", one.topology.cpu_count, two.topology.cpu_count),
        ("settings.hypervisor", one.settings.hypervisor, two.settings.hypervisor),
    ]
    names = [("firmware.product_name", one.firmware.product_name, two.firmware.product_name)]
    if one.limits.container is None and two.limits.container is None:
        names.append(("host_name", one.host_name, two.host_name))
    yield from (pair for pair in pairs if pair[1] != pair[2])
    yield from (pair for pair in names if pair[1] and pair[2] and pair[1] != pair[2])
    memory = one.limits.total_memory_bytes or 0, two.limits.total_memory_bytes or 0
    if one.settings.hypervisor is None and not isclose(*memory, rel_tol=_MEMORY_TOLERANCE):
        yield "limits.total_memory_bytes", *memory


def _roles(verification: Verification, trust: TrustStore) -> tuple[str, ...]:
    """Return the roles whose thresholds the signers reach."""
    return tuple(
        role for role in sorted(trust.roles) if _reaches(verification, Requirements(trust=trust, roles=(role,)))
    )


def _reaches(verification: Verification, requirements: Requirements) -> bool:
    try:
        check_requirements(verification.signers, requirements)
    except BundleError:
        return False
    return True
