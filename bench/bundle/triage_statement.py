"""The triage statement: a verdict on the machines of a fleet, signed (`bench.bundle.verdict_statement`).

Its subjects are all bundles that were judged, and all references.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench import __version__
from bench.bundle.seal import SigningKey
from bench.bundle.signers import Requirements, Signer
from bench.bundle.statement import STATEMENT_TYPE, SealedBy, StatementType
from bench.bundle.timestamp import parse_timestamp
from bench.bundle.verdict_statement import (
    BundleSubject,
    OpenedStatement,
    decode_statement,
    judge_judge,
    list_subjects,
    write_statement,
)
from bench.errors import BundleError
from bench.records.record import Record, encode_json
from bench.records.text import Release
from bench.records.triage import MachineOutcome, MachineVerdict, Triage, conclude

TriageType = Literal["https://bench-appliance.org/attestation/triage/v1"]
TriageSchema = Literal["bench-triage/1"]
TRIAGE_TYPE: TriageType = get_args(TriageType)[0]
TRIAGE_SCHEMA: TriageSchema = get_args(TriageSchema)[0]


class TriagePredicate(Record, frozen=True, kw_only=True, rename="camel"):
    """What the statement says of its subjects.

    Attributes:
        signer: Who judged.
    """

    schema: TriageSchema
    bench_version: Release
    signer: SealedBy
    triage: Triage


class TriageStatement(Record, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    """An in-toto Statement v1 about bundles."""

    type: StatementType
    subject: Annotated[tuple[BundleSubject, ...], Meta(min_length=1)]
    predicate_type: TriageType
    predicate: TriagePredicate


class TriageProof(Record, frozen=True, kw_only=True):
    """Proof that a triage statement is intact."""

    triage: Triage
    signer: Signer


def write_triage(folder: Path, triage: Triage, signer: SigningKey) -> Path:
    """Sign a verdict, and write it with what is needed to check it.

    Args:
        folder: Created if it does not exist.
        triage: The verdict.
        signer: Who judged.

    Returns:
        The path of the envelope.

    Raises:
        BundleError: the verdict could not be read back: a NaN, a wrong type.
        OutputError: the folder cannot be written.
    """
    statement = format_triage(triage, SealedBy(kind=signer.kind, fingerprint=signer.fingerprint))
    return write_statement(folder, "triage", triage.judged_at, statement, signer)


def format_triage(triage: Triage, signer: SealedBy) -> bytes:
    """Return the bytes to sign.

    Raises:
        BundleError: they could not be read back.
    """
    predicate = TriagePredicate(schema=TRIAGE_SCHEMA, bench_version=__version__, signer=signer, triage=triage)
    statement = TriageStatement(
        type=STATEMENT_TYPE, subject=_list_subjects(triage), predicate_type=TRIAGE_TYPE, predicate=predicate
    )
    data = encode_json(statement)
    if parse_triage(data).triage != triage:
        raise BundleError("the verdict cannot be read back: a number in it is not finite")
    return data


def parse_triage(data: bytes) -> TriagePredicate:
    """Return the predicate of a statement; refuse one that contradicts itself.

    Raises:
        BundleError: it is not a statement of bench, not canonical JSON, or its subjects or verdicts are not those that
            its own numbers give.
        SchemaVersionError: it is of another schema, or a newer bench wrote it.
    """
    statement = decode_statement(data, TRIAGE_SCHEMA, TriageStatement)
    triage = statement.predicate.triage
    parse_timestamp(triage.judged_at, source="statement")
    if statement.subject != _list_subjects(triage):
        raise BundleError("statement: its subjects are not the bundles that were judged")
    outcome = conclude(triage.machines, triage.unread)
    if outcome != triage.outcome:
        raise BundleError(f"statement: its outcome is {triage.outcome}, its own verdicts say {outcome}")
    _check_classes(triage)
    for machine in triage.machines:
        problem = _find_problem(machine, triage)
        if problem is not None:
            raise BundleError(f"statement: machine {machine.name!r} is {machine.outcome}, but {problem}")
    return statement.predicate


def verify_triage(
    opened: OpenedStatement, requirements: Requirements | None = None, *, now: datetime | None = None
) -> TriageProof:
    """Verify what a triage statement says, and who signed it.

    Args:
        opened: The statement, whose signature verifies by the key beside it.
        requirements: The keys that the reader trusts; by default none.
        now: Decides whether the trust store has expired; by default the clock does.

    Raises:
        UsageError: roles are required that no trust store has.
        BundleError: it is not intact, or lacks a required signature.
    """
    requirements = requirements or Requirements()
    requirements.check_usage()
    predicate = parse_triage(opened.payload)
    triage = predicate.triage
    return TriageProof(triage=triage, signer=judge_judge(opened, predicate.signer, triage.judged_at, requirements, now))


def _check_classes(triage: Triage) -> None:
    """Refuse classes that do not have the machines that they state, and bundles that count twice."""
    for index, described in enumerate(triage.classes):
        found = sum(machine.machine_class == index for machine in triage.machines)
        if found != described.machines:
            raise BundleError(f"statement: class {index} has {described.machines} machines, but verdicts on {found}")
    beyond = next((machine for machine in triage.machines if machine.machine_class >= len(triage.classes)), None)
    if beyond is not None:
        raise BundleError(
            f"statement: machine {beyond.name!r} is of class {beyond.machine_class}, which it does not have"
        )
    digests = [subject.digest.sha256 for subject in _list_subjects(triage)]
    if len(set(digests)) != len(digests):
        raise BundleError("statement: a bundle counts twice")


def _find_problem(machine: MachineVerdict, triage: Triage) -> str | None:
    """Return what contradicts a machine's outcome, in a clause; None if nothing does."""
    for cell in machine.cells:
        odd, suspect = (p <= triage.level for p in (cell.p_value, min(cell.p_value, cell.p_if_normal)))
        if (cell.odd, cell.suspect) != (odd, suspect):
            return f"{cell.cell} has p {cell.p_value:g}, and {cell.p_if_normal:g} if normal, at level {triage.level:g}"
    allowed = _find_outcome(machine, triage.margin_ratio)
    if machine.outcome == allowed:
        return None
    if machine.outcome == "not_comparable" and machine.reasons and not machine.outputs:
        return None
    return f"by its own numbers it is {allowed}"


def _find_outcome(machine: MachineVerdict, margin_ratio: float) -> MachineOutcome:
    """Return the outcome of a machine that can be compared."""
    if machine.outputs:
        return "wrong_outputs"
    worse = [cell for cell in machine.cells if cell.worse_ratio > 1]
    if any(cell.odd for cell in worse):
        return "slow"
    if any(cell.suspect for cell in worse):
        return "suspect"
    limit = machine.could_suspect_ratio
    return "too_noisy" if machine.reasons or limit is None or limit > margin_ratio else "fine"


def _list_subjects(triage: Triage) -> tuple[BundleSubject, ...]:
    """Return the bundles that were judged, then the references."""
    return list_subjects((*(bundle for machine in triage.machines for bundle in machine.bundles), *triage.references))
