"""Bundles that are intact, and not signed by the signer that the reader asks for."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from bench.bundle.keys import format_public_pem
from bench.bundle.seal import SigningKey
from bench.bundle.trust import TrustStore
from bench.bundle.trust_store import new_trust, revoke_key
from bench.records.record import encode_json
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.builder import (
    CONTENTS,
    EPHEMERAL,
    OPERATOR,
    STRANGER,
    VENDOR,
    make_trust,
    seal,
    seal_contents,
    unpack,
)

SIGNED = seal_contents(CONTENTS)
CONTENT = unpack(SIGNED)["content.tar"]
CO_SIGNED = seal_contents(CONTENTS, OPERATOR, VENDOR)
BOTH = ("--require", "operator,vendor")
OPERATOR_ONLY = ("--require", "operator")
AFTER = datetime(2026, 1, 3, tzinfo=UTC)


def lasting(store: TrustStore) -> TrustStore:
    """A store that outlives these tests."""
    return replace(store, expires="2999-01-01T00:00:00Z")


def keys_valid(store: TrustStore, **fields: str) -> TrustStore:
    """Change the times of all keys."""
    return replace(store, keys={name: replace(key, **fields) for name, key in store.keys.items()})


def wanting(store: TrustStore, threshold: int) -> TrustStore:
    """All keys as operators, so many of which must sign."""
    role = replace(store.roles["operator"], keys=tuple(store.keys), threshold=threshold)
    return replace(store, roles={"operator": role})


def trusting(name: str, store: TrustStore, words: str, *options: str, data: bytes = SIGNED) -> Attack:
    return Attack(
        name=name,
        data=data,
        words=words,
        options=("--trust", "trust.json", *options),
        files={"trust.json": encode_json(store)},
    )


def edited(name: str, old: bytes, new: bytes, words: str) -> Attack:
    """A trust store whose text was changed."""
    text = encode_json(lasting(make_trust(operator=OPERATOR)))
    assert old in text
    return Attack(
        name=name,
        data=SIGNED,
        words=words,
        options=("--trust", "trust.json"),
        files={"trust.json": text.replace(old, new, 1)},
    )


class Keyless:
    """Signs without a private key: for the neutral element as public key, one point is the signature of everything."""

    def __init__(self, public: int) -> None:
        self._public = Ed25519PublicKey.from_public_bytes(public.to_bytes(32, "little"))

    def public_key(self) -> Ed25519PublicKey:
        return self._public

    def sign(self, _: bytes) -> bytes:
        return NEUTRAL.to_bytes(32, "little") + bytes(32)


NEUTRAL = 1
PRIME = (1 << 255) - 19
KEYLESS = SigningKey(key=Keyless(NEUTRAL))
SECOND_ENCODING = SigningKey(key=Keyless(PRIME + NEUTRAL))
WRONG_SIGN = SigningKey(key=Keyless(NEUTRAL | 1 << 255))
ORDER_2 = Keyless(PRIME - 1)

ONE = lasting(make_trust(operator=OPERATOR))
TWO = lasting(make_trust(operator=OPERATOR, vendor=VENDOR))
NAME = OPERATOR.fingerprint

ATTACKS = [
    trusting("a missing co-signer", TWO, "role 'vendor' requires 1 trusted signatures and has 0", *BOTH),
    trusting("a signer of another role", lasting(make_trust(vendor=OPERATOR, operator=STRANGER)), "role 'operator' requires 1", *OPERATOR_ONLY),
    trusting("a stranger", lasting(make_trust(operator=STRANGER)), "does not know the key", *OPERATOR_ONLY),
    trusting("a store that trusts nobody", lasting(new_trust(AFTER)), "no key of the trust store has signed"),
    trusting("an expired store", replace(ONE, expires="2001-01-01T00:00:00Z"), "the trust store expired at 2001"),
    trusting("a key that was compromised", revoke_key(ONE, NAME, at=AFTER, reason="compromised"), "revoked as compromised"),
    trusting("a key that was superseded before the run", revoke_key(ONE, NAME, at=datetime(2026, 1, 1, tzinfo=UTC), reason="superseded"), "revoked as superseded"),
    trusting("a key that is not valid yet", keys_valid(ONE, valid_after="2026-06-01T00:00:00Z"), "the key is valid only from"),
    trusting("a key that is not valid any more", keys_valid(ONE, valid_after="2025-01-01T00:00:00Z", valid_before="2025-12-31T00:00:00Z"), "the key was valid only until"),
    trusting("one signature where two are wanted", wanting(TWO, 2), "role 'operator' requires 2 trusted signatures and has 1", *OPERATOR_ONLY),
    trusting("a key made for the run", lasting(make_trust(operator=EPHEMERAL)), "role 'operator' requires 1", *OPERATOR_ONLY, data=seal_contents(CONTENTS, EPHEMERAL)),
    edited("one key under two names", NAME.encode(), STRANGER.fingerprint.encode(), "has the fingerprint"),
    edited("a duplicate key in a store", b'"version": 2', b'"version": 2, "version": 3', "duplicate key 'version'"),
    edited("an unknown key of a store", b'"version": 2', b'"version": 2, "admin": true', "unknown field"),
    edited("a store that wants nobody", b'"threshold": 1', b'"threshold": 0', "`int` >= 1"),
    edited("a store that wants more keys than it lists", b'"threshold": 1', b'"threshold": 2', "requires 2 keys and lists 1"),
    edited("a store with a month that does not exist", b'"2999-01-01T00:00:00Z"', b'"2999-13-01T00:00:00Z"', "is not a time"),
    Attack(name="a store that is nested deeply", data=SIGNED, words="not valid JSON", options=("--trust", "trust.json"), files={"trust.json": b"[" * 100_000}),
    Attack(name="a store of 2 MB", data=SIGNED, words="at most 1048576 are read", options=("--trust", "trust.json"), files={"trust.json": bytes(2_000_000)}),
    Attack(name="a key that has not signed", data=SIGNED, words="not signed by the key", options=("--key", "vendor.pub"), files={"vendor.pub": format_public_pem(VENDOR.key.public_key())}),
    Attack(name="one of two keys that has not signed", data=SIGNED, words="not signed by the key", options=("--key", "operator.pub", "--key", "vendor.pub"), files={"operator.pub": format_public_pem(OPERATOR.key.public_key()), "vendor.pub": format_public_pem(VENDOR.key.public_key())}),
    Attack(name="a signature that needed no private key", data=seal(CONTENT, KEYLESS), words="an Ed25519 key of small order, for which anyone can sign"),
    Attack(name="a key in another encoding", data=seal(CONTENT, SECOND_ENCODING), words="an Ed25519 key in another than its one encoding"),
    Attack(name="a key of the wrong sign", data=seal(CONTENT, WRONG_SIGN), words="an Ed25519 key in another than its one encoding"),
    Attack(name="a second signature that needed no private key", data=seal(CONTENT, OPERATOR, KEYLESS), words="an Ed25519 key of small order"),
    trusting("a store with a key for which anyone can sign", lasting(make_trust(operator=KEYLESS)), "an Ed25519 key of small order", *OPERATOR_ONLY),
    Attack(name="a key given by hand for which anyone can sign", data=SIGNED, words="an Ed25519 key of small order", options=("--key", "x.pub"), files={"x.pub": format_public_pem(ORDER_2.public_key())}),
    Attack(name="a key that is none", data=SIGNED, words="neither a PEM nor an OpenSSH", options=("--key", "x.pub"), files={"x.pub": b"hello"}),
]  # fmt: skip
