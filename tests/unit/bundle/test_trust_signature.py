from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bench.bundle.envelope import MAX_SIGNATURES, EnvelopeSignature, sign_statement
from bench.bundle.keys import fingerprint
from bench.bundle.trust import ROOT, Role, TrustStore, parse_trust
from bench.bundle.trust_signature import PAYLOAD_TYPE, check_signed, find_signers, format_payload, sign_trust
from bench.bundle.trust_store import add_key, renew, revoke_key, set_threshold
from bench.errors import BundleError, UsageError
from bench.records.record import encode_json
from tests.unit.bundle.builder import NOW, OPERATOR, STRANGER, make_key, make_trust

ONE, TWO, OTHER = make_key(31), make_key(32), make_key(33)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)


def add_root(store: TrustStore, seed: int) -> TrustStore:
    public = make_key(seed).public_key()
    return add_key(store, public, owner=f"root{seed}@lab", roles=[ROOT], valid_after=START, valid_before=END)


PLAIN = make_trust(operator=OPERATOR)
ROOTED = set_threshold(add_root(add_root(PLAIN, 31), 32), ROOT, 2)
SIGNED = sign_trust(sign_trust(ROOTED, ONE), TWO)


def test_a_signature_covers_all_but_the_signatures() -> None:
    assert find_signers(SIGNED, [ONE.public_key(), TWO.public_key(), OTHER.public_key()]) == {
        fingerprint(ONE.public_key()),
        fingerprint(TWO.public_key()),
    }
    assert format_payload(SIGNED) == format_payload(ROOTED)


def test_a_signed_store_is_read_back() -> None:
    assert parse_trust(encode_json(SIGNED), source="x") == SIGNED


def test_a_store_signed_by_its_root_keys_counts() -> None:
    assert check_signed(SIGNED, [], NOW) is None
    assert check_signed(SIGNED, [ONE.public_key()], NOW) is None


def test_a_store_without_root_keys_needs_no_signature_unless_one_is_asked_for() -> None:
    assert check_signed(PLAIN, [], NOW) is None
    with pytest.raises(BundleError, match="the trust store is not signed by SHA256:"):
        check_signed(PLAIN, [ONE.public_key()], NOW)
    assert check_signed(sign_trust(PLAIN, ONE), [ONE.public_key()], NOW) is None


@pytest.mark.parametrize(
    ("store", "words"),
    [
        pytest.param(ROOTED, "requires the signatures of 2 of its root keys and has 0", id="no signature"),
        pytest.param(sign_trust(ROOTED, ONE), "of 2 of its root keys and has 1", id="a signature too few"),
        pytest.param(sign_trust(sign_trust(ROOTED, ONE), OTHER), "of 2 of its root keys and has 1", id="a signature of a stranger"),
        pytest.param(sign_trust(sign_trust(ROOTED, ONE), OPERATOR.key), "of 2 of its root keys and has 1", id="a signature of another role"),
        pytest.param(replace(SIGNED, expires="2099-01-01T00:00:00Z"), "was altered after SHA256:", id="another expiry"),
        pytest.param(replace(SIGNED, version=SIGNED.version + 1), "was altered after SHA256:", id="another version"),
        pytest.param(replace(SIGNED, roles={ROOT: Role(keys=SIGNED.roles[ROOT].keys[:1], threshold=1)}), "was altered after SHA256:", id="a lower threshold"),
        pytest.param(replace(SIGNED, roles={}), "was altered after SHA256:", id="no roles"),
        pytest.param(replace(SIGNED, keys={**SIGNED.keys, STRANGER.fingerprint: make_trust(x=STRANGER).keys[STRANGER.fingerprint]}), "was altered after SHA256:", id="a key more"),
        pytest.param(sign_trust(sign_trust(revoke_key(ROOTED, fingerprint(TWO.public_key()), at=NOW, reason="compromised"), ONE), TWO), "of 2 of its root keys and has 1", id="a revoked root key"),
    ],
)  # fmt: skip
def test_refuses_a_store_with(store: TrustStore, words: str) -> None:
    with pytest.raises(BundleError, match=words) as refusal:
        check_signed(store, [], NOW)
    assert refusal.value.exit_code == 6


def test_an_expired_root_key_does_not_count() -> None:
    with pytest.raises(BundleError, match="of its root keys and has 0"):
        check_signed(SIGNED, [], datetime(2027, 6, 1, tzinfo=UTC))


def test_a_signature_of_the_same_bytes_as_another_kind_does_not_hold() -> None:
    as_statement = sign_statement(format_payload(PLAIN), OPERATOR.key)
    assert PAYLOAD_TYPE != "application/vnd.in-toto+json"
    forged = replace(PLAIN, signatures=(EnvelopeSignature(keyid=OPERATOR.fingerprint, sig=as_statement.value),))
    with pytest.raises(BundleError, match="was altered"):
        check_signed(forged, [], NOW)


def test_a_key_signs_once_and_is_counted_once() -> None:
    with pytest.raises(UsageError, match="has signed this trust store already"):
        sign_trust(SIGNED, ONE)
    doubled = replace(SIGNED, signatures=SIGNED.signatures[:1] * 2)
    with pytest.raises(BundleError, match="x: a key has signed twice"):
        parse_trust(encode_json(doubled), source="x")


def test_no_more_signatures_are_added_than_are_read() -> None:
    store = PLAIN
    for seed in range(40, 40 + MAX_SIGNATURES):
        store = sign_trust(store, make_key(seed))
    assert parse_trust(encode_json(store), source="x") == store
    with pytest.raises(UsageError, match="which is the most"):
        sign_trust(store, ONE)


def test_every_edit_drops_the_signatures() -> None:
    edits = [
        add_root(SIGNED, 33),
        revoke_key(SIGNED, OPERATOR.fingerprint, at=NOW, reason="superseded"),
        set_threshold(SIGNED, ROOT, 1),
        renew(SIGNED, END),
    ]
    assert [(edit.version, edit.signatures) for edit in edits] == [(SIGNED.version + 1, ())] * 4


@pytest.mark.parametrize(
    ("role", "threshold", "words"),
    [
        pytest.param("vendor", 1, "has no role vendor; it has operator, root", id="an unknown role"),
        pytest.param("operator", 2, "has 1 keys, so its threshold is 1 to 1, not 2", id="more than there are"),
        pytest.param("operator", 0, "not 0", id="none"),
    ],
)
def test_refuses_thresholds(role: str, threshold: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        set_threshold(SIGNED, role, threshold)
