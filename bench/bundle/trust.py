"""The trust store: whose keys are valid, from when until when, and in which roles. Policy, not cryptography.

There is no trusted clock offline: whether a key was valid is judged by the time that a statement claims. So a key that
others may have must be revoked as `compromised`, which rejects everything that it signed.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from bench.bundle.envelope import MAX_SIGNATURES, EnvelopeSignature
from bench.bundle.files import read_file
from bench.bundle.keys import Fingerprint, fingerprint, parse_public_key
from bench.bundle.strict_json import decode_handwritten_json
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError
from bench.records.bundle import Timestamp
from bench.records.record import Record

MAX_TRUST_BYTES = 1 << 20

ROOT = "root"
"""The role whose keys sign the store itself; they vouch for no run."""

RoleName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}\Z")]
Owner = Annotated[str, Meta(pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?\Z")]
RevocationReason = Literal["compromised", "superseded"]


class Revocation(Record, frozen=True, kw_only=True):
    """Since when a key is no longer valid, and why.

    Attributes:
        at: When it was revoked.
        reason: `compromised` rejects everything that the key signed; `superseded` rejects only what claims to be of
            `at` or later.
    """

    at: Timestamp
    reason: RevocationReason


class TrustedKey(Record, frozen=True, kw_only=True):
    """A public key and who it belongs to.

    Attributes:
        public_key: PEM or an OpenSSH line, Ed25519.
        owner: A name for readers, such as `operator@lab`.
        valid_after, valid_before: The key is valid for runs that finished between them, ends included.
    """

    public_key: str
    owner: Owner
    valid_after: Timestamp
    valid_before: Timestamp
    revoked: Revocation | None = None


class Role(Record, frozen=True, kw_only=True):
    """The keys that may act in a role, and how many of them must sign."""

    keys: tuple[Fingerprint, ...]
    threshold: Annotated[int, Meta(ge=1)]


class TrustStore(Record, frozen=True, kw_only=True):
    """`trust.json`.

    Attributes:
        version: Higher with every change.
        expires: From then on no key in it is valid.
        signatures: Over all other fields; see `bench.bundle.trust_signature`.
    """

    version: Annotated[int, Meta(ge=1, lt=1 << 53)]
    expires: Timestamp
    keys: dict[Fingerprint, TrustedKey]
    roles: dict[RoleName, Role]
    signatures: Annotated[tuple[EnvelopeSignature, ...], Meta(max_length=MAX_SIGNATURES)] = ()


def read_trust(path: Path) -> TrustStore:
    """Return the trust store in a file.

    Raises:
        UsageError: no such file.
        BundleError: malformed, or it contradicts itself.
    """
    return parse_trust(read_file(path, limit=MAX_TRUST_BYTES), source=str(path))


def parse_trust(data: bytes, *, source: str) -> TrustStore:
    """Return a trust store, decoded strictly.

    Every fingerprint is recomputed from its key, so one key cannot have two names.

    Raises:
        BundleError: malformed, or it contradicts itself.
    """
    store = decode_handwritten_json(data, TrustStore, source=source)
    check_trust(store, source=source)
    return store


def check_trust(store: TrustStore, *, source: str) -> None:
    """Refuse a store that contradicts itself.

    Raises:
        BundleError: says what contradicts what.
    """
    parse_timestamp(store.expires, source=source)
    for name, key in store.keys.items():
        _check_key(name, key, source)
    signers = [signature.keyid for signature in store.signatures]
    if len(set(signers)) != len(signers):
        raise BundleError(f"{source}: a key has signed twice: {', '.join(signers)}")
    for name, role in store.roles.items():
        unknown = sorted(set(role.keys) - store.keys.keys())
        if unknown:
            raise BundleError(f"{source}: role {name!r} lists keys that are not in the store: {', '.join(unknown)}")
        if len(set(role.keys)) != len(role.keys):
            raise BundleError(f"{source}: role {name!r} lists a key more than once")
        if role.threshold > len(role.keys):
            raise BundleError(f"{source}: role {name!r} requires {role.threshold} keys and lists {len(role.keys)}")


def why_expired(store: TrustStore, now: datetime) -> str | None:
    """Return why no key in the store is valid; None if the store has not expired."""
    expired = parse_timestamp(store.expires, source="trust store") <= now
    return f"the trust store expired at {store.expires}" if expired else None


def why_invalid(key: TrustedKey, claimed_at: datetime) -> str | None:
    """Return why a key is not valid for a statement that claims to be of a time; None if it is."""
    revoked = key.revoked
    if revoked is not None and (revoked.reason == "compromised" or _moment(revoked.at) <= claimed_at):
        return f"revoked as {revoked.reason} at {revoked.at}"
    if claimed_at < _moment(key.valid_after):
        return f"the key is valid only from {key.valid_after}"
    if claimed_at > _moment(key.valid_before):
        return f"the key was valid only until {key.valid_before}"
    return None


def roles_of(store: TrustStore, name: Fingerprint) -> tuple[RoleName, ...]:
    """Return the roles that a key may act in, sorted."""
    return tuple(sorted(role for role, entry in store.roles.items() if name in entry.keys))


def _check_key(name: Fingerprint, key: TrustedKey, source: str) -> None:
    actual = fingerprint(parse_public_key(key.public_key.encode(), source=f"{source}: key {name}"))
    if actual != name:
        raise BundleError(f"{source}: key {name} has the fingerprint {actual}; rename it")
    after = parse_timestamp(key.valid_after, source=f"{source}: key {name}")
    before = parse_timestamp(key.valid_before, source=f"{source}: key {name}")
    if after > before:
        raise BundleError(f"{source}: key {name} is valid from {key.valid_after} to {key.valid_before}, which is never")
    if key.revoked is not None:
        parse_timestamp(key.revoked.at, source=f"{source}: key {name}")


def _moment(text: Timestamp) -> datetime:
    return parse_timestamp(text, source="trust store")
