"""Signers and stores that do not suffice, each with its message and exit status 6."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.keys import format_public_line
from bench.bundle.seal import SigningKey
from bench.bundle.trust import Role, TrustStore
from bench.bundle.trust_store import (
    RoleListing,
    TrustListing,
    add_key,
    new_trust,
    renew,
    revoke_key,
    save_trust,
)
from bench.records.record import decode_json
from tests.unit.bundle.builder import CONTENTS, OPERATOR, STRANGER, VENDOR, seal_contents
from tests.unit.cli.conftest import Invoke

RUN = datetime(2026, 1, 2, 3, 5, 5, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
PAST = datetime(2000, 1, 1, tzinfo=UTC)


def trusting(*keys: tuple[SigningKey, str], start: datetime = PAST, end: datetime = FAR) -> TrustStore:
    store = new_trust(FAR)
    for signer, role in keys:
        public = signer.key.public_key()
        store = add_key(store, public, owner=f"{role}@lab", roles=[role], valid_after=start, valid_before=end)
    return store


BOTH = trusting((OPERATOR, "operator"), (VENDOR, "vendor"))
PAIR = replace(BOTH, roles={"lab": Role(keys=(OPERATOR.fingerprint, VENDOR.fingerprint), threshold=2)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trust.json"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "x.bench.tar"
    file.write_bytes(seal_contents(CONTENTS, OPERATOR))
    return file


@pytest.mark.parametrize(
    ("store", "roles", "words"),
    [
        pytest.param(BOTH, "operator,vendor", "role 'vendor' requires 1 trusted signatures and has 0", id="a missing signer"),
        pytest.param(trusting((OPERATOR, "operator"), end=datetime(2026, 1, 1, tzinfo=UTC)), "operator", "the key was valid only until 2026-01-01T00:00:00Z", id="an expired key"),
        pytest.param(trusting((OPERATOR, "operator"), start=datetime(2026, 2, 1, tzinfo=UTC)), "operator", "the key is valid only from 2026-02-01T00:00:00Z", id="a key that is not valid yet"),
        pytest.param(renew(BOTH, RUN), "operator", "the trust store expired at 2026-01-02T03:05:05Z", id="an expired store"),
        pytest.param(revoke_key(BOTH, OPERATOR.fingerprint, at=FAR, reason="compromised"), "operator", "revoked as compromised at 2999-01-01T00:00:00Z", id="a key revoked as compromised"),
        pytest.param(revoke_key(BOTH, OPERATOR.fingerprint, at=RUN, reason="superseded"), "operator", "revoked as superseded at 2026-01-02T03:05:05Z", id="a key revoked as superseded"),
        pytest.param(trusting((OPERATOR, "operator"), (STRANGER, "vendor")), "vendor", "role 'vendor' requires 1 trusted signatures and has 0", id="a signer of another role"),
        pytest.param(trusting((STRANGER, "operator")), "operator", "the trust store does not know the key", id="an unknown signer"),
        pytest.param(PAIR, "lab", "role 'lab' requires 2 trusted signatures and has 1", id="one signer where two are wanted"),
    ],
)  # fmt: skip
def test_insufficient_signers_are_one_line_and_status_6(
    bundle: Path, path: Path, invoke: Invoke, *, store: TrustStore, roles: str, words: str
) -> None:
    save_trust(path, store)
    outcome = invoke("verify", str(bundle), "--trust", str(path), "--require", roles)
    assert outcome.status == 6
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


def test_each_role_is_required_where_the_option_is_given_twice(bundle: Path, path: Path, invoke: Invoke) -> None:
    save_trust(path, BOTH)
    outcome = invoke("verify", str(bundle), "--trust", str(path), "--require", "vendor", "--require", "operator")
    assert outcome.status == 6
    assert "role 'vendor' requires 1 trusted signatures and has 0" in outcome.err


def test_one_key_under_two_names_counts_once(bundle: Path, path: Path, invoke: Invoke) -> None:
    data = path.with_name("doubled.json")
    save_trust(path, PAIR)
    data.write_text(path.read_text().replace(VENDOR.fingerprint, STRANGER.fingerprint).replace(
        format_public_line(VENDOR.key.public_key()), format_public_line(OPERATOR.key.public_key())
    ))  # fmt: skip
    outcome = invoke("verify", str(bundle), "--trust", str(data), "--require", "lab")
    assert outcome.status == 6
    assert f"key {STRANGER.fingerprint} has the fingerprint {OPERATOR.fingerprint}; rename it" in outcome.err


def test_a_second_signature_of_a_key_is_refused(bundle: Path, invoke: Invoke, tmp_path: Path) -> None:
    key = tmp_path / "vendor.pem"
    assert invoke("keygen", str(key), "--no-passphrase").status == 0
    assert invoke("sign", str(bundle), "--key", str(key)).status == 0
    before = bundle.read_bytes()
    outcome = invoke("sign", str(bundle), "--key", str(key))
    assert outcome.status == 2
    assert "has signed this bundle already" in outcome.err
    assert bundle.read_bytes() == before


def test_operator_and_vendor_fill_a_role_of_two(path: Path, invoke: Invoke, tmp_path: Path) -> None:
    bundle = tmp_path / "both.bench.tar"
    bundle.write_bytes(seal_contents(CONTENTS, OPERATOR, VENDOR))
    save_trust(path, PAIR)
    assert invoke("verify", str(bundle), "--trust", str(path), "--require", "lab").status == 0


def test_a_rolled_back_store_is_one_line_and_status_6(bundle: Path, path: Path, invoke: Invoke, state: Path) -> None:
    save_trust(path, BOTH)
    old = path.read_bytes()
    assert invoke("trust", "revoke", OPERATOR.fingerprint, "--reason", "compromised", "--trust", str(path)).status == 0
    assert invoke("verify", str(bundle), "--trust", str(path)).status == 6
    path.write_bytes(old)
    outcome = invoke("verify", str(bundle), "--trust", str(path))
    assert outcome.status == 6
    assert "the trust store has version 3, but version 4 was seen before: rolled back" in outcome.err
    assert outcome.err.count("\n") == 1
    assert len(list((state / "bench/trust").iterdir())) == 1


def test_an_old_store_is_not_changed(bundle: Path, path: Path, invoke: Invoke) -> None:
    """Who changed a store that was rolled back would hand on a new one without the revocations since."""
    save_trust(path, BOTH)
    old = path.read_bytes()
    assert invoke("trust", "renew", "--trust", str(path)).status == 0
    assert invoke("verify", str(bundle), "--trust", str(path)).status == 0
    path.write_bytes(old)
    for change in (("renew",), ("role", "operator", "--threshold", "1")):
        outcome = invoke("trust", *change, "--trust", str(path))
        assert outcome.status == 6
        assert "was seen before: rolled back" in outcome.err
    assert path.read_bytes() == old


def test_a_signed_store_counts_and_an_altered_one_is_refused(
    bundle: Path, path: Path, invoke: Invoke, tmp_path: Path
) -> None:
    root = tmp_path / "root.pem"
    trust = ("--trust", str(path))
    assert invoke("keygen", str(root), "--no-passphrase").status == 0
    save_trust(path, BOTH)
    added = invoke("trust", "add", f"{root}.pub", "--owner", "root@lab", "--role", "root", *trust)
    assert added.status == 0
    unsigned = invoke("verify", str(bundle), *trust)
    assert unsigned.status == 6
    assert "requires the signatures of 1 of its root keys and has 0" in unsigned.err
    assert invoke("trust", "sign", "--key", str(root), *trust).status == 0
    assert invoke("verify", str(bundle), *trust, "--trust-key", f"{root}.pub", "--require", "operator").status == 0
    path.write_text(path.read_text().replace('"expires": "2999', '"expires": "3999'))
    assert ", signed by SHA256:" in invoke("trust", "list", *trust).out
    altered = invoke("verify", str(bundle), *trust)
    assert altered.status == 6
    assert "the trust store was altered after SHA256:" in altered.err


def test_a_key_from_the_owner_must_have_signed_the_store(
    bundle: Path, path: Path, invoke: Invoke, tmp_path: Path
) -> None:
    root = tmp_path / "root.pem"
    assert invoke("keygen", str(root), "--no-passphrase").status == 0
    save_trust(path, BOTH)
    asked = ("verify", str(bundle), "--trust", str(path), "--trust-key", f"{root}.pub")
    refused = invoke(*asked)
    assert refused.status == 6
    assert "the trust store is not signed by SHA256:" in refused.err
    signed = invoke("trust", "sign", "--key", str(root), "--trust", str(path))
    assert "this is no root key of the store, so others must give it with --trust-key" in signed.out
    assert invoke(*asked).status == 0
    assert invoke("verify", str(bundle), "--trust-key", f"{root}.pub").status == 2


def test_thresholds_and_expiry_are_set(path: Path, invoke: Invoke) -> None:
    trust = ("--trust", str(path))
    save_trust(path, PAIR)
    assert "role lab needs 1 signatures" in invoke("trust", "role", "lab", "--threshold", "1", *trust).out
    assert invoke("trust", "role", "lab", "--threshold", "3", *trust).status == 2
    assert "expires at 20" in invoke("trust", "renew", "--days", "10", *trust).out
    listed = invoke("trust", "list", *trust).out
    assert "role lab needs 1 of 2 keys\n" in listed
    assert ", signed by nobody\n" in listed


def test_a_store_is_listed_as_json(path: Path, invoke: Invoke) -> None:
    save_trust(path, PAIR)
    outcome = invoke("trust", "list", "--json", "--trust", str(path))
    assert (outcome.status, outcome.err) == (0, "")
    listing = decode_json(outcome.out.encode(), TrustListing, source="-")
    assert {key.fingerprint for key in listing.keys} == {OPERATOR.fingerprint, VENDOR.fingerprint}
    assert listing.roles == {"lab": RoleListing(keys=2, threshold=2)}
    assert (listing.version, listing.signed_by) == (PAIR.version, ())


def test_a_version_that_cannot_be_remembered_is_a_warning(
    bundle: Path, path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_trust(path, BOTH)
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    outcome = invoke("verify", str(bundle), "--trust", str(path))
    assert outcome.status == 0
    assert "a rollback would not be detected: neither XDG_STATE_HOME nor HOME is set" in outcome.err
    monkeypatch.setenv("XDG_STATE_HOME", str(path))
    assert "a rollback would not be detected: " in invoke("verify", str(bundle), "--trust", str(path)).err
