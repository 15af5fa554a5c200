"""Judge signers: which of the keys that signed are trusted, and whether they suffice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bench.bundle.keys import Fingerprint
from bench.bundle.trust import ROOT, TrustStore, roles_of, why_expired, why_invalid
from bench.errors import BundleError, UsageError
from bench.records.lookup import suggest
from bench.records.record import Record


class Signer(Record, frozen=True, kw_only=True):
    """A key that signed, and whether the reader trusts it.

    Attributes:
        owner: From the trust store; None if the store does not have the key.
        roles: Of the key, if it is trusted.
        status: `ephemeral` if the key was made for the run: it never shows who ran it.
        reason: Why it is trusted or not, a phrase. It is the reader's, and is never sealed.
    """

    fingerprint: Fingerprint
    owner: str | None
    roles: tuple[str, ...]
    status: Literal["trusted", "untrusted", "ephemeral"]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """Whose signatures the reader trusts, and which are required.

    Attributes:
        trust: The reader's store, some key of which must have signed; None without a store.
        keys: Fingerprints of keys given by hand: each is trusted, and must have signed.
        roles: Each must reach its threshold.
        demand: False judges signers, and requires none.
    """

    trust: TrustStore | None = None
    keys: frozenset[Fingerprint] = frozenset()
    roles: tuple[str, ...] = ()
    demand: bool = True

    def check_usage(self) -> None:
        """Refuse requirements that make no sense.

        Raises:
            UsageError: roles without a store, or a role that the store does not have.
        """
        if not self.roles:
            return
        if self.trust is None:
            raise UsageError(f"roles are required ({', '.join(self.roles)}), but no trust store is given")
        unknown = sorted(set(self.roles) - self.trust.roles.keys())
        if unknown:
            known = ", ".join(sorted(self.trust.roles)) or "none"
            hint = suggest(unknown[0], self.trust.roles)
            raise UsageError(f"the trust store has no role {', '.join(unknown)}; {hint}it has {known}")


def judge_signers(
    signed: Sequence[Fingerprint],
    ephemeral: Collection[Fingerprint],
    requirements: Requirements,
    *,
    claimed_at: datetime,
    now: datetime,
) -> tuple[Signer, ...]:
    """Return, for every key whose signature was verified, whether the reader trusts it.

    Args:
        signed: The keys, in the order of signing.
        ephemeral: Those of them that were made for the run.
        requirements: The reader's trust.
        claimed_at: When the run says it finished.
        now: Decides whether the store has expired.
    """
    return tuple(
        _ephemeral(name) if name in ephemeral else _judge(name, requirements, claimed_at, now) for name in signed
    )


def check_requirements(signers: Sequence[Signer], requirements: Requirements) -> None:
    """Refuse a bundle that lacks a required signature.

    Raises:
        BundleError: says which key or role is missing, and what the signers are.
    """
    if not requirements.demand:
        return
    trusted = {signer.fingerprint for signer in signers if signer.status == "trusted"}
    found = "; ".join(f"{signer.fingerprint}: {signer.status}, {signer.reason}" for signer in signers)
    for name in sorted(requirements.keys - trusted):
        raise BundleError(f"not signed by the key {name}; signed by {found}")
    if requirements.trust is None:
        return
    if not requirements.roles and not trusted:
        raise BundleError(f"no key of the trust store has signed, or none that counts; signed by {found}")
    for role in requirements.roles:
        wanted = requirements.trust.roles[role].threshold
        count = len({signer.fingerprint for signer in signers if role in signer.roles})
        if count < wanted:
            raise BundleError(f"role {role!r} requires {wanted} trusted signatures and has {count}; signed by {found}")


def _ephemeral(name: Fingerprint) -> Signer:
    return Signer(
        fingerprint=name,
        owner=None,
        roles=(),
        status="ephemeral",
        reason="made in memory for this run: shows the bundle intact, not who ran it",
    )


def _judge(name: Fingerprint, requirements: Requirements, claimed_at: datetime, now: datetime) -> Signer:
    """Return what the reader's trust says of a key.

    A store that has the key decides alone: a key given by hand does not undo its revocation.
    """
    store = requirements.trust
    entry = None if store is None else store.keys.get(name)
    if store is not None and entry is not None:
        problem = why_expired(store, now) or why_invalid(entry, claimed_at)
        if problem is None and roles_of(store, name) == (ROOT,):
            problem = "a root key vouches for the trust store, not for runs"
        if problem is not None:
            return Signer(fingerprint=name, owner=entry.owner, roles=(), status="untrusted", reason=problem)
        return Signer(
            fingerprint=name,
            owner=entry.owner,
            roles=roles_of(store, name),
            status="trusted",
            reason="valid in the trust store",
        )
    if name in requirements.keys:
        return Signer(fingerprint=name, owner=None, roles=(), status="trusted", reason="the key was given by hand")
    reason = "no trust store is given" if store is None else "the trust store does not know the key"
    return Signer(fingerprint=name, owner=None, roles=(), status="untrusted", reason=reason)
