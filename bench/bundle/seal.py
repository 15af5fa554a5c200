"""The outer file: `content.tar`, the statement about it, and the signatures, each in one exact form.

    content.tar
    disclosures.json                  private fields, with the salts of their signed digests
    signatures/<stem>.pub             the signer's public key, PEM
    signatures/<stem>.sigstore.json   the signature for cosign
    signatures/<stem>.sshsig          another of the same statement, for ssh-keygen
    statement.dsse.json               the statement with all signatures

`<stem>` is the key's fingerprint in hexadecimal. The public keys are in the file so that anyone can
check that it is intact; whose keys these are, the reader's own trust store says. Disclosures are signed by their
digests: anyone can remove one, and nobody can change one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.bundle.archive import ArchiveLimits, read_archive, write_archive
from bench.bundle.disclosure import Disclosures
from bench.bundle.envelope import (
    MAX_SIGNATURES,
    EnvelopeSignature,
    Signature,
    format_envelope,
    format_sigstore_bundle,
    parse_envelope,
    sign_statement,
    verify_signature,
)
from bench.bundle.keys import (
    MAX_KEY_BYTES,
    Fingerprint,
    PrivateKey,
    file_stem,
    fingerprint,
    format_public_pem,
    parse_public_key,
)
from bench.bundle.sshsig import format_sshsig, parse_ssh_value, ssh_signed_bytes, verify_ssh_value
from bench.bundle.statement import SUBJECT, SealedBy, SignerKind, format_statement, make_predicate
from bench.errors import BundleError, UsageError
from bench.records.bundle import BundleInfo
from bench.records.plan import Plan
from bench.records.record import decode_json, encode_json

DISCLOSURES = "disclosures.json"
STATEMENT = "statement.dsse.json"

OUTER_LIMITS = ArchiveLimits(members=3 + 3 * MAX_SIGNATURES, member_bytes=1 << 28, total_bytes=(1 << 28) + (1 << 20))
"""256 MiB of contents, a hundred times a typical run, and 1 MiB for all other members."""

_MAX_STATEMENT_BYTES = 65_536
_MAX_DISCLOSURES_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A private key, and whether it outlives the run."""

    key: PrivateKey
    kind: SignerKind = "key"

    @classmethod
    def ephemeral(cls) -> Self:
        """Return a new key for one run, never stored: it shows the bundle intact, and nobody's identity."""
        return cls(key=Ed25519PrivateKey.generate(), kind="ephemeral")

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of its public key."""
        return fingerprint(self.key.public_key())


@dataclass(frozen=True, kw_only=True)
class SealSignature(Signature):
    """The two signatures of one key: of the DSSE envelope, and of the same statement for `ssh-keygen`."""

    ssh_value: bytes


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """The parts of an outer file. Reading them proves nothing yet: see `bench.verification.verify`."""

    content: bytes | memoryview
    statement: bytes
    signatures: tuple[SealSignature, ...]
    disclosures: Disclosures = field(default_factory=dict)


def seal_content(content: bytes, info: BundleInfo, plan: Plan, signer: SigningKey, disclosures: Disclosures) -> Sealed:
    """Return a `content.tar` with the statement about it, signed."""
    predicate = make_predicate(info, plan, SealedBy(kind=signer.kind, fingerprint=signer.fingerprint))
    statement = format_statement(content, predicate)
    signatures = (sign_seal(statement, signer.key),)
    return Sealed(content=content, statement=statement, signatures=signatures, disclosures=disclosures)


def sign_seal(statement: bytes, key: PrivateKey) -> SealSignature:
    """Return the signatures of a statement, in both forms."""
    signature = sign_statement(statement, key)
    return SealSignature(key=signature.key, value=signature.value, ssh_value=key.sign(ssh_signed_bytes(statement)))


def verify_seal(sealed: Sealed) -> None:
    """Check every signature, in both forms.

    Raises:
        BundleError: one is not valid for the statement.
    """
    for signature in sealed.signatures:
        verify_signature(sealed.statement, signature)
        verify_ssh_value(sealed.statement, signature.key, signature.ssh_value)


def add_signature(sealed: Sealed, signer: SigningKey) -> Sealed:
    """Return the parts with the signature of one more key.

    Raises:
        UsageError: the key is ephemeral or has signed already, or no more signatures fit.
    """
    if signer.kind == "ephemeral":
        raise UsageError("a second signature says who vouches, which an ephemeral key cannot; name a key with --key")
    if signer.fingerprint in {fingerprint(signature.key) for signature in sealed.signatures}:
        raise UsageError(f"{signer.fingerprint} has signed this bundle already")
    if len(sealed.signatures) == MAX_SIGNATURES:
        raise UsageError(f"the bundle has {MAX_SIGNATURES} signatures, which is the most")
    return replace(sealed, signatures=(*sealed.signatures, sign_seal(sealed.statement, signer.key)))


def format_sealed(sealed: Sealed) -> bytes:
    """Return the outer file's bytes; the inverse of `read_outer_archive` and `parse_sealed`."""
    return write_archive({SUBJECT: sealed.content, **_attestations(sealed)}, OUTER_LIMITS)


def read_outer_archive(data: bytes) -> dict[str, memoryview]:
    """Return the outer file's members.

    Raises:
        BundleError: it is not an archive of the one form.
    """
    return read_archive(data, OUTER_LIMITS)


def parse_sealed(members: Mapping[str, memoryview]) -> Sealed:
    """Return the parts; refuse members that would not be written with the same bytes.

    Raises:
        BundleError: a member is missing, unknown, malformed or not in the one form.
    """
    envelope = parse_envelope(_take(members, STATEMENT, _MAX_STATEMENT_BYTES))
    sealed = Sealed(
        content=members.get(SUBJECT, memoryview(b"")),
        statement=envelope.payload,
        signatures=tuple(_parse_signature(members, stated) for stated in envelope.signatures),
        disclosures=decode_json(_take(members, DISCLOSURES, _MAX_DISCLOSURES_BYTES), Disclosures, source=DISCLOSURES),
    )
    wanted = _attestations(sealed)
    if {SUBJECT, *wanted} != members.keys():
        differing = sorted(members.keys() ^ {SUBJECT, *wanted})
        raise BundleError(f"members missing or unknown: {', '.join(differing)}")
    for name, data in wanted.items():
        if members[name] != data:
            raise BundleError(f"{name}: not in the form that bench writes for what it and {STATEMENT} state")
    return sealed


def _parse_signature(members: Mapping[str, memoryview], stated: EnvelopeSignature) -> SealSignature:
    """Return a signature of the envelope, with the public key and the SSH signature beside it."""
    stem = file_stem(stated.keyid)
    name = f"signatures/{stem}.pub"
    key = parse_public_key(_take(members, name, MAX_KEY_BYTES), source=name)
    if fingerprint(key) != stated.keyid:
        raise BundleError(f"{name}: holds the key {fingerprint(key)}, not {stated.keyid}")
    ssh_name = f"signatures/{stem}.sshsig"
    ssh_value = parse_ssh_value(_take(members, ssh_name, MAX_KEY_BYTES), source=ssh_name)
    return SealSignature(key=key, value=stated.sig, ssh_value=ssh_value)


def _attestations(sealed: Sealed) -> dict[str, bytes]:
    """Return all members but the subject, made from statement, signatures, keys and disclosures alone."""
    members = {
        DISCLOSURES: encode_json(sealed.disclosures),
        STATEMENT: format_envelope(sealed.statement, sealed.signatures),
    }
    for signature in sealed.signatures:
        stem = file_stem(fingerprint(signature.key))
        members[f"signatures/{stem}.pub"] = format_public_pem(signature.key)
        members[f"signatures/{stem}.sigstore.json"] = format_sigstore_bundle(sealed.statement, signature)
        members[f"signatures/{stem}.sshsig"] = format_sshsig(signature.key, signature.ssh_value)
    return members


def _take(members: Mapping[str, memoryview], name: str, limit: int) -> bytes:
    if name not in members:
        raise BundleError(f"{name} is missing")
    if len(members[name]) > limit:
        raise BundleError(f"{name} has {len(members[name])} bytes; at most {limit} are read")
    return bytes(members[name])
