"""A signed verdict on bundles, as a file that verifies by itself. Qualifications and triages are such files.

    <stem>.pub             the signer's public key, PEM
    <stem>.sigstore.json   the signature for cosign
    <stem>.sshsig          another of the same statement, for ssh-keygen
    <stem>.dsse.json       the statement in its envelope; written last

It is an in-toto Statement v1, like a bundle's; its subjects are the bundles, by the digests of their `content.tar`.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

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
from bench.bundle.statement import SealedBy, SubjectDigest
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError, UsageError
from bench.records.qualification import BundleName
from bench.records.record import Record, decode_json, encode_json

StatementT = TypeVar("StatementT", bound=Record)

KEY_SUFFIX = ".pub"
SIGSTORE_SUFFIX = ".sigstore.json"
SSH_SUFFIX = ".sshsig"

MAX_STATEMENT_BYTES = 1 << 26
"""A hundred rules over ten bundles of a hundred cells have some 30 MB, and so has a triage of ten thousand machines."""


class BundleSubject(Record, frozen=True, kw_only=True):
    """A bundle that the statement is about: `<run id>/content.tar`."""

    name: Annotated[str, Meta(pattern=r"^[0-9TZ]{16}-[0-9a-f]{8}/content\.tar\Z")]
    digest: SubjectDigest


class OpenedStatement(NamedTuple):
    """A statement whose signature verifies by the key beside it; who that is, nobody knows yet.

    Attributes:
        path: Of the envelope.
        payload: The statement.
        key: That has signed it.
    """

    path: Path
    payload: bytes
    key: Ed25519PublicKey

    @property
    def predicate_type(self) -> str:
        """The kind of verdict that it states; empty if it states none."""
        return read_statement_heading(self.payload).predicate_type


def list_subjects(bundles: Iterable[BundleName]) -> tuple[BundleSubject, ...]:
    """Return the subjects of a statement about some bundles."""
    return tuple(
        BundleSubject(
            name=f"{bundle.run_id}/content.tar", digest=SubjectDigest(sha256=bundle.digest.removeprefix("sha256:"))
        )
        for bundle in bundles
    )


def write_statement(folder: Path, kind: str, judged_at: str, statement: bytes, signer: SigningKey) -> Path:
    """Sign a statement, and write it with what is needed to check it; the envelope is written last.

    Args:
        folder: Created if it does not exist.
        kind: First word of the files' names.
        judged_at: RFC 3339, in their names too.
        statement: Its bytes.
        signer: Who judged.

    Returns:
        The path of the envelope.

    Raises:
        UsageError: it is larger than `verify` reads.
        OutputError: the folder cannot be written.
    """
    signature = sign_statement(statement, signer.key)
    envelope = format_envelope(statement, (signature,))
    if len(envelope) > MAX_STATEMENT_BYTES:
        raise UsageError(
            f"the {kind} has {len(envelope):,} bytes, and bench verify reads {MAX_STATEMENT_BYTES:,}; name fewer bundles"
        )
    moment = judged_at.replace("-", "").replace(":", "")
    stem = f"{kind}-{moment}-{hashlib.sha256(statement).hexdigest()[:8]}"
    require_folder(folder)
    write_file(folder / f"{stem}{KEY_SUFFIX}", format_public_pem(signature.key), replace=True)
    write_file(folder / f"{stem}{SIGSTORE_SUFFIX}", format_sigstore_bundle(statement, signature), replace=True)
    ssh_value = signer.key.sign(ssh_signed_bytes(statement))
    write_file(folder / f"{stem}{SSH_SUFFIX}", format_sshsig(signature.key, ssh_value), replace=True)
    path = folder / f"{stem}{ENVELOPE_SUFFIX}"
    write_file(path, envelope, replace=True)
    return path


def decode_statement(data: bytes, schema: str, kind: type[StatementT]) -> StatementT:
    """Return a statement from its bytes, strictly read.

    Raises:
        BundleError: it is not a statement of bench, or not canonical JSON.
        SchemaVersionError: it is of another schema, or a newer bench wrote it.
    """
    heading = read_statement_heading(data).predicate
    check_schema(heading.schema, schema)
    with explain_newer_writer(heading):
        statement = decode_json(data, kind, source="statement")
    if encode_json(statement) != data:
        raise BundleError("statement: duplicate key, or not canonical JSON")
    return statement


def open_statement(path: Path) -> OpenedStatement:
    """Return a statement: its envelope is strictly read, and its signature is by the key beside it.

    Args:
        path: The envelope, `....dsse.json`.

    Raises:
        UsageError: no such file, or not the name of one.
        BundleError: it is not intact.
    """
    key = _read_judges_key(path)
    data = read_file(path, limit=MAX_STATEMENT_BYTES)
    envelope = parse_envelope(data)
    if len(envelope.signatures) != 1:
        raise BundleError(f"{path}: {len(envelope.signatures)} signatures; a verdict's statement has one")
    signature = Signature(key=key, value=envelope.signatures[0].sig)
    if envelope.signatures[0].keyid != fingerprint(key):
        raise BundleError(f"{path}: signed by {envelope.signatures[0].keyid}; the key beside it is {fingerprint(key)}")
    if format_envelope(envelope.payload, (signature,)) != data:
        raise BundleError(f"{path}: duplicate key, or not canonical JSON")
    verify_signature(envelope.payload, signature)
    return OpenedStatement(path, envelope.payload, key)


def judge_judge(
    opened: OpenedStatement,
    stated: SealedBy,
    judged_at: str,
    requirements: Requirements,
    now: datetime | None,
) -> Signer:
    """Return whether the reader trusts who judged.

    Args:
        opened: The statement.
        stated: Who judged, as it says.
        judged_at: When, as it says.
        requirements: The keys that the reader trusts.
        now: Decides whether the trust store has expired; by default the clock does.

    Raises:
        BundleError: another key has signed than it says, or a required signature is missing.
    """
    signed_by = fingerprint(opened.key)
    if stated.fingerprint != signed_by:
        raise BundleError(f"{opened.path}: says that {stated.fingerprint} judged, but {signed_by} has signed")
    signers = judge_signers(
        [stated.fingerprint],
        {stated.fingerprint} if stated.kind == "ephemeral" else set(),
        requirements,
        claimed_at=parse_timestamp(judged_at, source="statement"),
        now=now or datetime.now(UTC),
    )
    check_requirements(signers, requirements)
    return signers[0]


def _read_judges_key(path: Path) -> Ed25519PublicKey:
    """Return the public key beside an envelope.

    Raises:
        UsageError: there is none, or the file is not named as an envelope.
        BundleError: it is not an Ed25519 public key.
    """
    if not path.name.endswith(ENVELOPE_SUFFIX):
        raise UsageError(f"{path}: a verdict's statement is named ...{ENVELOPE_SUFFIX}")
    return read_public_key(path.with_name(f"{path.name.removesuffix(ENVELOPE_SUFFIX)}{KEY_SUFFIX}"))
