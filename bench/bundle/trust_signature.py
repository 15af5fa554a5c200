"""Sign a trust store with its root keys, and check those signatures, so that a store can be passed on.

Signed is the store as bench writes it, without its signatures, in a DSSE envelope with its own payload type. The
model is the root metadata of The Update Framework (TUF specification, 5.3). A store with root keys must be signed by
as many of them as that role requires. A reader who has a root key from its owner demands its signature by
`--trust-key`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from bench.bundle.envelope import MAX_SIGNATURES, EnvelopeSignature, Signature, sign_statement, verify_signature
from bench.bundle.keys import Fingerprint, PrivateKey, fingerprint, parse_public_key
from bench.bundle.trust import ROOT, TrustStore, why_invalid
from bench.errors import BundleError, UsageError
from bench.records.record import encode_json

PAYLOAD_TYPE = "application/vnd.bench.trust+json"


def format_payload(store: TrustStore) -> bytes:
    """Return the bytes of a store that are signed."""
    return encode_json(replace(store, signatures=()))


def sign_trust(store: TrustStore, key: PrivateKey) -> TrustStore:
    """Return the store with one more signature.

    Raises:
        UsageError: the key has signed already, or no more signatures fit.
    """
    name = fingerprint(key.public_key())
    if name in {signature.keyid for signature in store.signatures}:
        raise UsageError(f"{name} has signed this trust store already")
    if len(store.signatures) == MAX_SIGNATURES:
        raise UsageError(f"the trust store has {MAX_SIGNATURES} signatures, which is the most")
    signature = sign_statement(format_payload(store), key, PAYLOAD_TYPE)
    return replace(store, signatures=(*store.signatures, EnvelopeSignature(keyid=name, sig=signature.value)))


def find_signers(store: TrustStore, keys: Collection[Ed25519PublicKey]) -> frozenset[Fingerprint]:
    """Return which of these keys have signed the store.

    Raises:
        BundleError: a signature of one of them is not valid: the store was altered.
    """
    known = {fingerprint(key): key for key in keys}
    payload = format_payload(store)
    signed = {signature.keyid: signature.sig for signature in store.signatures if signature.keyid in known}
    for name, value in signed.items():
        try:
            verify_signature(payload, Signature(key=known[name], value=value), PAYLOAD_TYPE)
        except BundleError as error:
            raise BundleError(f"the trust store was altered after {name} signed it; sign it again") from error
    return frozenset(signed)


def check_signed(store: TrustStore, pinned: Collection[Ed25519PublicKey], now: datetime) -> None:
    """Refuse a store that lacks a required signature, or has an invalid one.

    Args:
        store: The store.
        pinned: Root keys that the reader knows from their owners: each must have signed.
        now: Root keys must be valid then.

    Raises:
        BundleError: says which signature is missing or wrong.
    """
    find_signers(store, [_key(store, name) for name in store.keys])
    missing = {fingerprint(key) for key in pinned} - find_signers(store, pinned)
    if missing:
        raise BundleError(f"the trust store is not signed by {', '.join(sorted(missing))}")
    if ROOT in store.roles:
        valid = {name: key for name, key in root_keys(store).items() if why_invalid(store.keys[name], now) is None}
        require_roots(store, valid, store.roles[ROOT].threshold, of="its")


def require_roots(store: TrustStore, roots: Mapping[Fingerprint, Ed25519PublicKey], threshold: int, *, of: str) -> None:
    """Refuse a store that fewer than `threshold` of these root keys have signed.

    Args:
        store: The store.
        roots: The root keys.
        threshold: How many must have signed.
        of: Whose keys these are, for the error.

    Raises:
        BundleError: says how many have signed.
    """
    count = len(find_signers(store, roots.values()))
    if count < threshold:
        raise BundleError(f"the trust store requires the signatures of {threshold} of {of} root keys and has {count}")


def root_keys(store: TrustStore) -> dict[Fingerprint, Ed25519PublicKey]:
    """Return the root keys of a store."""
    names = store.roles[ROOT].keys if ROOT in store.roles else ()
    return {name: _key(store, name) for name in names}


def _key(store: TrustStore, name: Fingerprint) -> Ed25519PublicKey:
    return parse_public_key(store.keys[name].public_key.encode(), source=f"trust store: key {name}")
