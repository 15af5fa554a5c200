from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bench.bundle.signers import Requirements, Signer, check_requirements, judge_signers
from bench.bundle.trust import Role, TrustStore
from bench.bundle.trust_store import revoke_key
from bench.errors import BundleError, UsageError
from tests.unit.bundle.builder import NOW, OPERATOR, STRANGER, VENDOR, make_trust

CLAIMED = datetime(2026, 5, 1, tzinfo=UTC)
STORE = make_trust(operator=OPERATOR, vendor=VENDOR)
ME = OPERATOR.fingerprint
BOTH = replace(STORE, roles={"lab": Role(keys=(ME, VENDOR.fingerprint), threshold=2)})


def judge(
    requirements: Requirements, *signed: str, claimed_at: datetime = CLAIMED, now: datetime = NOW
) -> tuple[Signer, ...]:
    return judge_signers(signed or (ME,), set(), requirements, claimed_at=claimed_at, now=now)


def revoked(reason: str) -> TrustStore:
    return revoke_key(STORE, ME, at=datetime(2026, 6, 1, tzinfo=UTC), reason=reason)


@pytest.mark.parametrize(
    ("requirements", "claimed_at", "status", "owner", "reason"),
    [
        pytest.param(Requirements(), CLAIMED, "untrusted", None, "no trust store is given", id="nobody is trusted"),
        pytest.param(Requirements(trust=STORE), CLAIMED, "trusted", "operator@lab", "valid in the trust store", id="a known key"),
        pytest.param(Requirements(trust=make_trust(vendor=VENDOR)), CLAIMED, "untrusted", None, "the trust store does not know the key", id="an unknown key"),
        pytest.param(Requirements(trust=STORE), datetime(2025, 5, 1, tzinfo=UTC), "untrusted", "operator@lab", "the key is valid only from 2026-01-01T00:00:00Z", id="a key that is not valid yet"),
        pytest.param(Requirements(trust=STORE), datetime(2027, 5, 1, tzinfo=UTC), "untrusted", "operator@lab", "the key was valid only until 2026-12-31T00:00:00Z", id="an expired key"),
        pytest.param(Requirements(trust=revoked("compromised")), CLAIMED, "untrusted", "operator@lab", "revoked as compromised at 2026-06-01T00:00:00Z", id="a compromised key"),
        pytest.param(Requirements(trust=revoked("superseded")), CLAIMED, "trusted", "operator@lab", "valid in the trust store", id="a key that was superseded later"),
        pytest.param(Requirements(trust=make_trust(root=OPERATOR)), CLAIMED, "untrusted", "root@lab", "a root key vouches for the trust store, not for runs", id="a root key"),
        pytest.param(Requirements(keys=frozenset({ME})), CLAIMED, "trusted", None, "the key was given by hand", id="a key given by hand"),
        pytest.param(Requirements(trust=make_trust(vendor=VENDOR), keys=frozenset({ME})), CLAIMED, "trusted", None, "the key was given by hand", id="a key given by hand that the store does not know"),
        pytest.param(Requirements(trust=revoked("compromised"), keys=frozenset({ME})), CLAIMED, "untrusted", "operator@lab", "revoked as compromised at 2026-06-01T00:00:00Z", id="a key given by hand that the store has revoked"),
    ],
)  # fmt: skip
def test_judges(requirements: Requirements, claimed_at: datetime, status: str, owner: str | None, reason: str) -> None:
    (signer,) = judge(requirements, claimed_at=claimed_at)
    assert (signer.status, signer.owner, signer.reason) == (status, owner, reason)
    assert bool(signer.roles) == (status == "trusted" and owner is not None)


def test_in_an_expired_store_nobody_is_trusted() -> None:
    (signer,) = judge(Requirements(trust=STORE), now=datetime(2027, 1, 1, tzinfo=UTC))
    assert (signer.status, signer.reason) == ("untrusted", "the trust store expired at 2027-01-01T00:00:00Z")


def test_a_threshold_counts_different_keys() -> None:
    requirements = Requirements(trust=BOTH, roles=("lab",))
    assert check_requirements(judge(requirements, ME, VENDOR.fingerprint), requirements) is None
    with pytest.raises(BundleError, match="role 'lab' requires 2 trusted signatures and has 1"):
        check_requirements(judge(requirements, ME, ME), requirements)
    with pytest.raises(BundleError, match="role 'lab' requires 2 trusted signatures and has 1"):
        check_requirements(judge(requirements, ME, STRANGER.fingerprint), requirements)


def test_without_a_trust_store_nothing_is_asked_for() -> None:
    assert check_requirements(judge(Requirements()), Requirements()) is None


def test_a_trust_store_asks_for_one_of_its_keys() -> None:
    requirements = Requirements(trust=make_trust(vendor=VENDOR))
    assert check_requirements(judge(requirements, VENDOR.fingerprint), requirements) is None
    with pytest.raises(BundleError, match="no key of the trust store has signed"):
        check_requirements(judge(requirements), requirements)


@pytest.mark.parametrize(
    ("requirements", "words"),
    [
        pytest.param(Requirements(roles=("vendor",)), r"roles are required \(vendor\), but no trust store", id="no store"),
        pytest.param(Requirements(trust=STORE, roles=("boss",)), "no role boss; it has operator, vendor", id="an unknown role"),
        pytest.param(Requirements(trust=replace(STORE, roles={}), roles=("boss",)), "no role boss; it has none", id="a store without roles"),
    ],
)  # fmt: skip
def test_refuses_to_ask_for(requirements: Requirements, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        requirements.check_usage()


def test_asking_for_roles_of_the_store_is_fine() -> None:
    assert Requirements(trust=STORE, roles=("vendor",)).check_usage() is None
