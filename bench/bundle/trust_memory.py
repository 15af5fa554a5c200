"""Remember the version of a trust store, so that an older one is refused (rollback protection).

An attacker who can replace a store could restore an old one, in which a key is not revoked yet; its signatures are
valid. So a reader remembers the highest version seen at a path, and the root keys that must sign the next version
(TUF specification, 5.3.4 and 5.3.5).
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from bench.bundle.files import read_file, write_file
from bench.bundle.keys import fingerprint, format_public_line, parse_public_key
from bench.bundle.trust import ROOT, TrustStore, read_trust
from bench.bundle.trust_signature import check_signed, format_payload, require_roots, root_keys
from bench.errors import BundleError, OutputError
from bench.records.digest import Digest
from bench.records.record import Record, decode_json, encode_json

_MAX_SEEN_BYTES = 1 << 20


class SeenTrust(Record, frozen=True, kw_only=True):
    """The newest store seen at a path.

    Attributes:
        version: Its version.
        digest: Of its signed content, signatures left out.
        roots: Its root keys as OpenSSH lines: a newer store needs the signatures of `threshold` of them.
        threshold: 0 if it had no root keys.
    """

    version: Annotated[int, Meta(ge=1, lt=1 << 53)]
    digest: Digest
    roots: tuple[str, ...]
    threshold: Annotated[int, Meta(ge=0)]


def open_trust(path: Path, *, pinned: Collection[Ed25519PublicKey], now: datetime, memory: Path | None) -> TrustStore:
    """Return a trust store for use: signed as required, and not older than the one seen before.

    Args:
        path: The store.
        pinned: Root keys that must have signed it.
        now: Decides which root keys are valid.
        memory: Folder of remembered versions; None remembers nothing.

    Raises:
        UsageError: no such file.
        BundleError: malformed, not signed, altered, or rolled back.
        OutputError: it is valid, but its version cannot be remembered.
    """
    store = read_trust(path)
    check_signed(store, pinned, now)
    if memory is not None:
        seen_at = _seen_at(path, memory)
        seen = read_seen(seen_at)
        if seen is not None:
            check_seen(store, seen, seen_at)
        _remember(seen_at, store, seen)
    return store


def open_to_change(path: Path, *, memory: Path | None) -> TrustStore:
    """Return a trust store to be changed: it need not be signed yet, but may not be older than the one seen before.

    Args:
        path: The store.
        memory: As of `open_trust`.

    Raises:
        UsageError: no such file.
        BundleError: malformed, or rolled back.
    """
    store = read_trust(path)
    if memory is not None:
        seen_at = _seen_at(path, memory)
        seen = read_seen(seen_at)
        if seen is not None:
            _check_version(store, seen, seen_at)
    return store


def describe_store(store: TrustStore) -> SeenTrust:
    """Return what to remember of a store."""
    return SeenTrust(
        version=store.version,
        digest=f"sha256:{hashlib.sha256(format_payload(store)).hexdigest()}",
        roots=tuple(format_public_line(key) for key in root_keys(store).values()),
        threshold=store.roles[ROOT].threshold if ROOT in store.roles else 0,
    )


def check_seen(store: TrustStore, seen: SeenTrust, seen_at: Path) -> None:
    """Refuse a store that is not a successor of the one seen before.

    Args:
        store: The store.
        seen: What is remembered.
        seen_at: The file that holds it, which a user who began a new store deletes.

    Raises:
        BundleError: it is older, has the same version and other content, or lacks signatures of the former root keys.
    """
    _check_version(store, seen, seen_at)
    if store.version == seen.version and describe_store(store).digest != seen.digest:
        raise BundleError(
            f"the trust store has version {store.version} like the one seen before, and other content; "
            f"{_way_out(seen_at)}"
        )
    if store.version > seen.version:
        keys = [parse_public_key(line.encode(), source=str(seen_at)) for line in seen.roots]
        former = f"version {seen.version}'s"
        require_roots(store, {fingerprint(key): key for key in keys}, seen.threshold, of=former)


def _check_version(store: TrustStore, seen: SeenTrust, seen_at: Path) -> None:
    if store.version < seen.version:
        raise BundleError(
            f"the trust store has version {store.version}, but version {seen.version} was seen before: rolled back; "
            f"{_way_out(seen_at)}"
        )


def _way_out(seen_at: Path) -> str:
    return f"if this is a new store on purpose, delete {seen_at}"


def _seen_at(path: Path, memory: Path) -> Path:
    """Return the file that remembers the store at a path."""
    return memory / f"{hashlib.sha256(bytes(path.resolve())).hexdigest()}.json"


def read_seen(path: Path) -> SeenTrust | None:
    """Return what is remembered; None if nothing is.

    Raises:
        BundleError: it is malformed.
    """
    if not path.exists():
        return None
    return decode_json(read_file(path, limit=_MAX_SEEN_BYTES), SeenTrust, source=str(path))


def _remember(path: Path, store: TrustStore, seen: SeenTrust | None) -> None:
    now_seen = describe_store(store)
    if now_seen == seen:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutputError(f"{path.parent}: {error.strerror}") from error
    write_file(path, encode_json(now_seen), replace=True)
