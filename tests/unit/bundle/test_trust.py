import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.bundle.keys import format_public_line, format_public_pem
from bench.bundle.trust import Revocation, TrustedKey, parse_trust, read_trust, roles_of, why_expired, why_invalid
from bench.errors import BundleError
from bench.records.record import encode_json
from tests.unit.bundle.builder import OPERATOR, STRANGER, VENDOR, make_trust

STORE = make_trust(operator=OPERATOR, vendor=VENDOR)
DATA = json.loads(encode_json(STORE))
ME = OPERATOR.fingerprint

Change = Callable[[dict[str, Any]], object]


def key(**fields: object) -> Change:
    return lambda store: store["keys"][ME].update(fields)


def rename_key(store: dict[str, Any]) -> None:
    store["keys"][STRANGER.fingerprint] = store["keys"].pop(ME)
    store["roles"]["operator"]["keys"] = [STRANGER.fingerprint]


def test_reads_what_people_write_in_any_layout(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(DATA, indent=7))
    assert read_trust(path) == STORE


def test_reads_a_key_as_pem_too() -> None:
    data = json.loads(json.dumps(DATA))
    key(public_key=format_public_pem(OPERATOR.key.public_key()).decode())(data)
    assert ME in parse_trust(json.dumps(data).encode(), source="x").keys


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda s: s.update(version=0), "$.version", id="version 0"),
        pytest.param(lambda s: s.update(note=""), "unknown field `note`", id="an unknown key"),
        pytest.param(lambda s: s.pop("expires"), "missing required field `expires`", id="a store for ever"),
        pytest.param(lambda s: s.update(expires="2026-02-30T00:00:00Z"), "is not a time", id="a day that does not exist"),
        pytest.param(lambda s: s.update(expires="tomorrow"), "$.expires", id="a time in words"),
        pytest.param(rename_key, f"key {STRANGER.fingerprint} has the fingerprint {ME}", id="a key under another key's name"),
        pytest.param(lambda s: s["keys"].update({STRANGER.fingerprint: s["keys"][ME]}), "has the fingerprint", id="one key under two names"),
        pytest.param(lambda s: s["keys"].update(me=s["keys"][ME]), "not a valid TrustStore", id="a name that is no fingerprint"),
        pytest.param(key(public_key="ssh-rsa AAAA"), "neither a PEM nor an OpenSSH", id="a key that is none"),
        pytest.param(key(owner=""), "owner", id="a key of nobody"),
        pytest.param(key(owner="a\nb"), "owner", id="an owner in two lines"),
        pytest.param(key(valid_after="2026-02-30T00:00:00Z"), "is not a time", id="a start that does not exist"),
        pytest.param(key(valid_before="2026-02-30T00:00:00Z"), "is not a time", id="an end that does not exist"),
        pytest.param(key(valid_before="2025-01-01T00:00:00Z"), "which is never", id="an end before the start"),
        pytest.param(key(revoked={"at": "2026-02-30T00:00:00Z", "reason": "superseded"}), "is not a time", id="a revocation that does not exist"),
        pytest.param(key(revoked={"at": "2026-02-03T00:00:00Z", "reason": "bored"}), "revoked", id="a reason without a meaning"),
        pytest.param(lambda s: s["roles"]["operator"].update(keys=[STRANGER.fingerprint]), "not in the store", id="a role of an unknown key"),
        pytest.param(lambda s: s["roles"]["operator"].update(keys=[ME, ME]), "lists a key more than once", id="a role that counts a key twice"),
        pytest.param(lambda s: s["roles"]["operator"].update(threshold=2), "requires 2 keys and lists 1", id="a threshold that cannot be met"),
        pytest.param(lambda s: s["roles"]["operator"].update(threshold=0), "threshold", id="a threshold of none"),
        pytest.param(lambda s: s["roles"].update({"Lab!": s["roles"]["operator"]}), "not a valid TrustStore", id="a role with a sign in its name"),
    ],
)  # fmt: skip
def test_refuses(change: Change, words: str) -> None:
    data = json.loads(json.dumps(DATA))
    change(data)
    with pytest.raises(BundleError) as refusal:
        parse_trust(json.dumps(data).encode(), source="trust.json")
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("trust.json: ")
    assert refusal.value.exit_code == 6


def test_refuses_a_key_that_occurs_twice() -> None:
    text = encode_json(STORE).replace(b'"version": 3', b'"version": 2, "version": 3')
    with pytest.raises(BundleError, match="duplicate key 'version'"):
        parse_trust(text, source="x")


def test_refuses_a_store_of_two_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(BundleError, match="are read"):
        read_trust(path)


@pytest.mark.parametrize(
    ("now", "expired"),
    [("2026-12-31T23:59:59Z", False), ("2027-01-01T00:00:00Z", True), ("2028-01-01T00:00:00Z", True)],
)
def test_a_store_counts_until_it_expires(now: str, expired: bool) -> None:
    reason = why_expired(STORE, datetime.fromisoformat(now))
    assert (reason == "the trust store expired at 2027-01-01T00:00:00Z") == expired


SUPERSEDED = Revocation(at="2026-06-01T00:00:00Z", reason="superseded")
COMPROMISED = Revocation(at="2026-06-01T00:00:00Z", reason="compromised")


@pytest.mark.parametrize(
    ("revoked", "claimed", "reason"),
    [
        pytest.param(None, "2025-12-31T23:59:59Z", "the key is valid only from 2026-01-01T00:00:00Z", id="before it is valid"),
        pytest.param(None, "2026-01-01T00:00:00Z", None, id="in its first second"),
        pytest.param(None, "2026-12-31T00:00:00Z", None, id="in its last second"),
        pytest.param(None, "2026-12-31T00:00:01Z", "the key was valid only until 2026-12-31T00:00:00Z", id="after it was valid"),
        pytest.param(SUPERSEDED, "2026-05-31T23:59:59Z", None, id="before it was superseded"),
        pytest.param(SUPERSEDED, "2026-06-01T00:00:00Z", "revoked as superseded at 2026-06-01T00:00:00Z", id="from when it was superseded"),
        pytest.param(COMPROMISED, "2026-01-02T00:00:00Z", "revoked as compromised at 2026-06-01T00:00:00Z", id="before it was compromised: the claim may be forged"),
    ],
)  # fmt: skip
def test_a_key_counts_for_what_claims_to_be_of_its_time(
    revoked: Revocation | None, claimed: str, reason: str | None
) -> None:
    entry: TrustedKey = replace(STORE.keys[ME], revoked=revoked)
    assert why_invalid(entry, datetime.fromisoformat(claimed)) == reason


def test_names_the_roles_of_a_key() -> None:
    assert roles_of(STORE, ME) == ("operator",)
    assert roles_of(STORE, STRANGER.fingerprint) == ()


def test_keys_are_kept_as_openssh_lines() -> None:
    assert STORE.keys[ME].public_key == format_public_line(OPERATOR.key.public_key())
