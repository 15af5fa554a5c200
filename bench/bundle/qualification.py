"""The qualification statement: a verdict on bundles, signed, as a file that verifies by itself.

    <stem>.pub             the signer's public key, PEM
    <stem>.sigstore.json   the signature for cosign
    <stem>.sshsig          another of the same statement, for ssh-keygen
    <stem>.dsse.json       the statement in its envelope; written last

It is an in-toto Statement v1, like a bundle's; its subjects are the bundles, by the digests of their
`content.tar`. The policy is named by the digest of its file, and every rule with value and limit is in it.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from bench import __version__
from bench.bundle.envelope import (
    ENVELOPE_SUFFIX,
    Signature,
    format_envelope,
    format_sigstore_bundle,
    parse_envelope,
    sign_statement,
    verify_signature,
)
from bench.bundle.files import read_file, require_folder, write_file
from bench.bundle.keys import fingerprint, format_public_pem, read_public_key
from bench.bundle.schema import check_schema, explain_newer_writer, read_statement_heading
from bench.bundle.seal import SigningKey
from bench.bundle.signers import Requirements, Signer, check_requirements, judge_signers
from bench.bundle.sshsig import format_sshsig, ssh_signed_bytes
from bench.bundle.statement import STATEMENT_TYPE, SealedBy, StatementType, SubjectDigest
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError, UsageError
from bench.records.qualification import BundleName, Qualification, conclude
from bench.records.record import Record, decode_json, encode_json
from bench.records.text import Release
from bench.stats.acceptance import find_verdict_problem

QualificationType = Literal["https://bench-appliance.org/attestation/qualification/v1"]
QualificationSchema = Literal["bench-qualification/2"]
QUALIFICATION_TYPE: QualificationType = get_args(QualificationType)[0]
QUALIFICATION_SCHEMA: QualificationSchema = get_args(QualificationSchema)[0]

KEY_SUFFIX = ".pub"
SIGSTORE_SUFFIX = ".sigstore.json"
SSH_SUFFIX = ".sshsig"

MAX_QUALIFICATION_BYTES = 1 << 26
"""A hundred rules over ten bundles of a hundred cells have some 30 MB."""


class BundleSubject(Record, frozen=True, kw_only=True):
    """A bundle that the statement is about: `<run id>/content.tar`."""

    name: Annotated[str, Meta(pattern=r"^[0-9TZ]{16}-[0-9a-f]{8}/content\.tar\Z")]
    digest: SubjectDigest


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
    signature = sign_statement(statement, signer.key)
    moment = qualification.judged_at.replace("-", "").replace(":", "")
    stem = f"qualification-{moment}-{hashlib.sha256(statement).hexdigest()[:8]}"
    require_folder(folder)
    write_file(folder / f"{stem}{KEY_SUFFIX}", format_public_pem(signature.key), replace=True)
    write_file(folder / f"{stem}{SIGSTORE_SUFFIX}", format_sigstore_bundle(statement, signature), replace=True)
    ssh_value = signer.key.sign(ssh_signed_bytes(statement))
    write_file(folder / f"{stem}{SSH_SUFFIX}", format_sshsig(signature.key, ssh_value), replace=True)
    path = folder / f"{stem}{ENVELOPE_SUFFIX}"
    write_file(path, format_envelope(statement, (signature,)), replace=True)
    return path


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
        subject=_subjects(qualification.bundles),
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
    heading = read_statement_heading(data)
    check_schema(heading.schema, QUALIFICATION_SCHEMA)
    with explain_newer_writer(heading):
        statement = decode_json(data, QualificationStatement, source="statement")
    if encode_json(statement) != data:
        raise BundleError("statement: duplicate key, or not canonical JSON")
    qualification = statement.predicate.qualification
    if statement.subject != _subjects(qualification.bundles):
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
    path: Path, requirements: Requirements | None = None, *, now: datetime | None = None
) -> QualificationProof:
    """Verify a qualification statement: envelope, signature by the key beside it, contents, signer.

    Args:
        path: The envelope, `qualification-....dsse.json`.
        requirements: The keys that the reader trusts; by default none.
        now: Decides whether the trust store has expired; by default the clock does.

    Raises:
        UsageError: no such file, or not the name of one.
        BundleError: it is not intact, or lacks a required signature.
    """
    requirements = requirements or Requirements()
    requirements.check_usage()
    key = read_judges_key(path)
    data = read_file(path, limit=MAX_QUALIFICATION_BYTES)
    envelope = parse_envelope(data)
    if len(envelope.signatures) != 1:
        raise BundleError(f"{path}: {len(envelope.signatures)} signatures; a qualification statement has one")
    signature = Signature(key=key, value=envelope.signatures[0].sig)
    if envelope.signatures[0].keyid != fingerprint(key):
        raise BundleError(f"{path}: signed by {envelope.signatures[0].keyid}; the key beside it is {fingerprint(key)}")
    if format_envelope(envelope.payload, (signature,)) != data:
        raise BundleError(f"{path}: duplicate key, or not canonical JSON")
    verify_signature(envelope.payload, signature)
    predicate = parse_qualification(envelope.payload)
    stated = predicate.signer
    if stated.fingerprint != fingerprint(key):
        raise BundleError(f"{path}: says that {stated.fingerprint} judged, but {fingerprint(key)} has signed")
    signers = judge_signers(
        [stated.fingerprint],
        {stated.fingerprint} if stated.kind == "ephemeral" else set(),
        requirements,
        claimed_at=parse_timestamp(predicate.qualification.judged_at, source="statement"),
        now=now or datetime.now(UTC),
    )
    check_requirements(signers, requirements)
    return QualificationProof(qualification=predicate.qualification, signer=signers[0])


def read_judges_key(path: Path) -> Ed25519PublicKey:
    """Return the public key beside an envelope.

    Raises:
        UsageError: there is none, or the file is not named as an envelope.
        BundleError: it is not an Ed25519 public key.
    """
    if not path.name.endswith(ENVELOPE_SUFFIX):
        raise UsageError(f"{path}: a qualification statement is named qualification-...{ENVELOPE_SUFFIX}")
    return read_public_key(path.with_name(f"{path.name.removesuffix(ENVELOPE_SUFFIX)}{KEY_SUFFIX}"))


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


def _subjects(bundles: tuple[BundleName, ...]) -> tuple[BundleSubject, ...]:
    return tuple(
        BundleSubject(
            name=f"{bundle.run_id}/content.tar", digest=SubjectDigest(sha256=bundle.digest.removeprefix("sha256:"))
        )
        for bundle in bundles
    )
