"""Change a trust store: pure edits of the record, and the function that saves it.

Every edit raises the version and removes the signatures, which were over the content before.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta
from msgspec.structs import replace

from bench.bundle.files import write_file
from bench.bundle.keys import Fingerprint, fingerprint, format_public_line
from bench.bundle.timestamp import format_timestamp
from bench.bundle.trust import (
    Owner,
    Revocation,
    RevocationReason,
    Role,
    RoleName,
    TrustedKey,
    TrustStore,
    parse_trust,
    roles_of,
    why_expired,
    why_invalid,
)
from bench.errors import UsageError
from bench.records.bundle import Timestamp
from bench.records.lookup import suggest
from bench.records.record import Record, encode_json


class KeyListing(Record, frozen=True, kw_only=True):
    """A line of `bench trust list`.

    Attributes:
        problem: Why it is not valid now; None if it is.
    """

    fingerprint: Fingerprint
    owner: Owner
    roles: tuple[RoleName, ...]
    problem: str | None


class RoleListing(Record, frozen=True, kw_only=True):
    """A role of a trust store: how many of its keys must sign.

    Attributes:
        keys: How many it has.
        threshold: How many of them must sign.
    """

    keys: Annotated[int, Meta(ge=0)]
    threshold: Annotated[int, Meta(ge=1)]


class TrustListing(Record, frozen=True, kw_only=True):
    """What `bench trust list` prints.

    Attributes:
        version: Of the store; each change raises it.
        expires: After this no key in it counts.
        keys: By owner.
        roles: By name.
        signed_by: Ids of the keys that signed the store, as they claim.
    """

    version: Annotated[int, Meta(ge=1)]
    expires: Timestamp
    keys: tuple[KeyListing, ...]
    roles: dict[RoleName, RoleListing]
    signed_by: tuple[Fingerprint, ...]


def new_trust(expires: datetime) -> TrustStore:
    """Return a store without keys."""
    return TrustStore(version=1, expires=format_timestamp(expires), keys={}, roles={})


def add_key(
    store: TrustStore,
    key: Ed25519PublicKey,
    *,
    owner: Owner,
    roles: Sequence[RoleName],
    valid_after: datetime,
    valid_before: datetime,
) -> TrustStore:
    """Return the store with one more key, in these roles; a new role requires one signature.

    Raises:
        UsageError: the key is in the store already, or no role is given.
    """
    name = fingerprint(key)
    if name in store.keys:
        raise UsageError(f"{name} is in the trust store already, as the key of {store.keys[name].owner}")
    if not roles:
        raise UsageError(f"{name} needs a role, such as operator; a key without one vouches for nothing")
    entry = TrustedKey(
        public_key=format_public_line(key),
        owner=owner,
        valid_after=format_timestamp(valid_after),
        valid_before=format_timestamp(valid_before),
    )
    changed = dict(store.roles)
    for role in dict.fromkeys(roles):
        known = changed.get(role, Role(keys=(), threshold=1))
        changed[role] = replace(known, keys=(*known.keys, name))
    return _edit(store, keys={**store.keys, name: entry}, roles=changed)


def revoke_key(store: TrustStore, name: Fingerprint, *, at: datetime, reason: RevocationReason) -> TrustStore:
    """Return the store with a key revoked. The key stays listed, so that old bundles are refused with the reason.

    Raises:
        UsageError: no such key, or it was revoked as compromised, which is final.
    """
    if name not in store.keys:
        raise UsageError(f"{name} is not in the trust store; it has {', '.join(sorted(store.keys)) or 'no keys'}")
    key = store.keys[name]
    if key.revoked is not None and key.revoked.reason == "compromised":
        raise UsageError(f"{name} was revoked as compromised at {key.revoked.at} already")
    revoked = replace(key, revoked=Revocation(at=format_timestamp(at), reason=reason))
    return _edit(store, keys={**store.keys, name: revoked})


def set_threshold(store: TrustStore, role: RoleName, threshold: int) -> TrustStore:
    """Return the store with another threshold of a role.

    Raises:
        UsageError: no such role, or it has fewer keys.
    """
    if role not in store.roles:
        raise UsageError(
            f"the trust store has no role {role}; {suggest(role, store.roles)}it has {', '.join(sorted(store.roles)) or 'none'}"
        )
    count = len(store.roles[role].keys)
    if not 1 <= threshold <= count:
        raise UsageError(f"role {role} has {count} keys, so its threshold is 1 to {count}, not {threshold}")
    return _edit(store, roles={**store.roles, role: replace(store.roles[role], threshold=threshold)})


def renew(store: TrustStore, expires: datetime) -> TrustStore:
    """Return the store with another expiry."""
    return _edit(store, expires=format_timestamp(expires))


def list_trust(store: TrustStore, now: datetime) -> TrustListing:
    """Return all keys by owner, each with why it is not valid for a bundle made now, and the roles."""
    keys = tuple(
        KeyListing(
            fingerprint=name,
            owner=key.owner,
            roles=roles_of(store, name),
            problem=why_expired(store, now) or why_invalid(key, now),
        )
        for name, key in sorted(store.keys.items(), key=lambda item: (item[1].owner, item[0]))
    )
    return TrustListing(
        version=store.version,
        expires=store.expires,
        keys=keys,
        roles={
            name: RoleListing(keys=len(role.keys), threshold=role.threshold)
            for name, role in sorted(store.roles.items())
        },
        signed_by=tuple(signature.keyid for signature in store.signatures),
    )


def _edit(store: TrustStore, **changes: object) -> TrustStore:
    return replace(store, version=store.version + 1, signatures=(), **changes)


def save_trust(path: Path, store: TrustStore) -> None:
    """Write a store atomically, after decoding what will be written.

    Raises:
        BundleError: it could not be read: an owner or a role of a wrong form, times in wrong order.
        OutputError: it cannot be written.
    """
    data = encode_json(store)
    parse_trust(data, source=str(path))
    write_file(path, data, replace=True)
