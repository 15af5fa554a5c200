"""The qualification statement: a verdict on bundles by a policy, signed (`bench.bundle.verdict_statement`).

The policy is named by the digest of its file, and every rule with value and limit is in it.
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
from bench.records.qualification import Qualification, conclude
from bench.records.record import Record, encode_json
from bench.records.text import Release
from bench.stats.acceptance import find_verdict_problem

QualificationType = Literal["https://bench-appliance.org/attestation/qualification/v1"]
QualificationSchema = Literal["bench-qualification/2"]
QUALIFICATION_TYPE: QualificationType = get_args(QualificationType)[0]
QUALIFICATION_SCHEMA: QualificationSchema = get_args(QualificationSchema)[0]


class QualificationPredicate(Record, frozen=True, kw_only=True, rename="camel"):
    """What the statement says of its subjects.

    Attributes:
        signer: Who judged.
    """

    schema: QualificationSchema
    bench_version: Release
    signer: SealedBy
    qualification: Qualification


class QualificationStatement(
    Record, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}
):
    """An in-toto Statement v1 about bundles."""

    type: StatementType
    subject: Annotated[tuple[BundleSubject, ...], Meta(min_length=1)]
    predicate_type: QualificationType
    predicate: QualificationPredicate


class QualificationProof(Record, frozen=True, kw_only=True):
    """Proof that a qualification statement is intact."""

    qualification: Qualification
    signer: Signer


def write_qualification(folder: Path, qualification: Qualification, signer: SigningKey) -> Path:
    """Sign a verdict, and write it with what is needed to check it; the statement is written last.

    Args:
        folder: Created if it does not exist.
        qualification: The verdict.
        signer: Who judged.

    Returns:
        The path of the envelope.

    Raises:
        BundleError: the verdict could not be read back: a NaN, a wrong type.
        OutputError: the folder cannot be written.
    """
    statement = format_qualification(qualification, SealedBy(kind=signer.kind, fingerprint=signer.fingerprint))
    return write_statement(folder, "qualification", qualification.judged_at, statement, signer)


def format_qualification(qualification: Qualification, signer: SealedBy) -> bytes:
    """Return the bytes to sign.

    Raises:
        BundleError: they could not be read back.
    """
    predicate = QualificationPredicate(
        schema=QUALIFICATION_SCHEMA, bench_version=__version__, signer=signer, qualification=qualification
    )
    statement = QualificationStatement(
        type=STATEMENT_TYPE,
        subject=list_subjects(qualification.bundles),
        predicate_type=QUALIFICATION_TYPE,
        predicate=predicate,
    )
    data = encode_json(statement)
    if parse_qualification(data).qualification != qualification:
        raise BundleError("the verdict cannot be read back: a number in it is not finite")
    return data


def parse_qualification(data: bytes) -> QualificationPredicate:
    """Return the predicate of a statement; refuse one that contradicts itself.

    Raises:
        BundleError: it is not a statement of bench, not canonical JSON, or its subjects or its outcome are not those of
            its own verdicts.
        SchemaVersionError: it is of another schema, or a newer bench wrote it.
    """
    statement = decode_statement(data, QUALIFICATION_SCHEMA, QualificationStatement)
    qualification = statement.predicate.qualification
    if statement.subject != list_subjects(qualification.bundles):
        raise BundleError("statement: its subjects are not the bundles that were judged")
    outcome = conclude(qualification.verdicts)
    if outcome != qualification.outcome:
        raise BundleError(f"statement: its outcome is {qualification.outcome}, its own verdicts say {outcome}")
    _check_complete(qualification)
    judged_on = parse_timestamp(qualification.judged_at, source="statement").date()
    for verdict in qualification.verdicts:
        problem = find_verdict_problem(verdict, judged_on)
        if problem is not None:
            place = " ".join(filter(None, (verdict.rule, "of run", verdict.run_id, verdict.cell)))
            raise BundleError(f"statement: rule {place} is {verdict.outcome}, but {problem}")
    return statement.predicate


def verify_qualification(
    opened: OpenedStatement, requirements: Requirements | None = None, *, now: datetime | None = None
) -> QualificationProof:
    """Verify what a qualification statement says, and who signed it.

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
    predicate = parse_qualification(opened.payload)
    qualification = predicate.qualification
    signer = judge_judge(opened, predicate.signer, qualification.judged_at, requirements, now)
    return QualificationProof(qualification=qualification, signer=signer)


def _check_complete(qualification: Qualification) -> None:
    """Refuse a statement that lacks a rule's verdict for some bundle, or has one for a bundle that was not judged."""
    judged = {verdict.rule for verdict in qualification.verdicts}
    for bundle in qualification.bundles:
        lacking = judged - {verdict.rule for verdict in qualification.verdicts if verdict.run_id == bundle.run_id}
        if lacking:
            raise BundleError(f"statement: run {bundle.run_id} has no verdict of rule {min(lacking)}")
    strangers = {verdict.run_id for verdict in qualification.verdicts} - {b.run_id for b in qualification.bundles}
    if strangers:
        raise BundleError(f"statement: it judges run {min(strangers)}, which is none of its bundles")
