from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.trust import TrustStore, read_trust
from bench.bundle.trust_store import add_key, list_trust, new_trust, revoke_key, save_trust
from bench.errors import BundleError, UsageError
from tests.unit.bundle.builder import NOW, OPERATOR, STRANGER, VENDOR, make_trust

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
STORE = make_trust(operator=OPERATOR)


def add(store: TrustStore, *roles: str, owner: str = "me@lab") -> TrustStore:
    return add_key(store, STRANGER.key.public_key(), owner=owner, roles=roles, valid_after=START, valid_before=END)


def test_a_new_store_trusts_nobody() -> None:
    store = new_trust(END)
    assert (store.version, store.keys, store.roles) == (1, {}, {})


def test_adding_puts_a_key_into_its_roles() -> None:
    store = add(STORE, "operator", "vendor", "vendor")
    assert store.version == STORE.version + 1
    assert store.roles["operator"].keys == (OPERATOR.fingerprint, STRANGER.fingerprint)
    assert store.roles["vendor"].keys == (STRANGER.fingerprint,)
    assert STRANGER.fingerprint not in STORE.keys


def test_a_key_is_added_once() -> None:
    with pytest.raises(UsageError, match="already, as the key of me@lab"):
        add(add(STORE, "operator"), "vendor")


def test_a_key_needs_a_role() -> None:
    with pytest.raises(UsageError, match="needs a role"):
        add(STORE)


def test_a_revoked_key_stays_listed_with_the_reason() -> None:
    store = revoke_key(STORE, OPERATOR.fingerprint, at=START, reason="superseded")
    (line,) = list_trust(store, NOW).keys
    assert store.version == STORE.version + 1
    assert (line.owner, line.roles) == ("operator@lab", ("operator",))
    assert line.problem == "revoked as superseded at 2026-01-01T00:00:00Z"


def test_a_superseded_key_can_still_turn_out_to_be_compromised_and_then_stays_so() -> None:
    superseded = revoke_key(STORE, OPERATOR.fingerprint, at=START, reason="superseded")
    compromised = revoke_key(superseded, OPERATOR.fingerprint, at=START, reason="compromised")
    with pytest.raises(UsageError, match="revoked as compromised at 2026-01-01T00:00:00Z already"):
        revoke_key(compromised, OPERATOR.fingerprint, at=END, reason="superseded")


@pytest.mark.parametrize(
    ("store", "known"), [(STORE, OPERATOR.fingerprint), (new_trust(END), "no keys")], ids=["a store", "an empty one"]
)
def test_an_unknown_key_lists_the_known_ones(store: TrustStore, known: str) -> None:
    with pytest.raises(UsageError) as refusal:
        revoke_key(store, STRANGER.fingerprint, at=START, reason="superseded")
    assert known in str(refusal.value)


def test_keys_are_listed_by_owner() -> None:
    store = make_trust(vendor=VENDOR, operator=OPERATOR)
    assert [(line.owner, line.problem) for line in list_trust(store, NOW).keys] == [
        ("operator@lab", None),
        ("vendor@lab", None),
    ]


def test_in_an_expired_store_no_key_counts() -> None:
    (line,) = list_trust(STORE, datetime(2028, 1, 1, tzinfo=UTC)).keys
    assert line.problem == "the trust store expired at 2027-01-01T00:00:00Z"


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    save_trust(path, STORE)
    save_trust(path, add(STORE, "vendor"))
    assert read_trust(path) == add(STORE, "vendor")


@pytest.mark.parametrize(
    "store",
    [
        pytest.param(add(STORE, "vendor", owner="a\nb"), id="an owner in two lines"),
        pytest.param(add(STORE, "Ven dor"), id="a role with a blank"),
        pytest.param(replace(STORE, roles={"x": replace(STORE.roles["operator"], threshold=2)}), id="a threshold too high"),
    ],
)  # fmt: skip
def test_nothing_is_saved_that_could_not_be_read(store: TrustStore, tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        save_trust(tmp_path / "trust.json", store)
    assert list(tmp_path.iterdir()) == []
