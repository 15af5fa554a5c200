"""Verify a bundle in eight steps, the cheapest refusal first. Verification raises, or returns what was proven."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from bench.bundle.archive import read_archive
from bench.bundle.case_facts import check_case_facts
from bench.bundle.chronology import check_chronology, check_date
from bench.bundle.consistency import check_consistency
from bench.bundle.content import CONTENT_LIMITS, parse_members
from bench.bundle.disclosure import disclose
from bench.bundle.files import read_file
from bench.bundle.keys import Fingerprint, fingerprint
from bench.bundle.opening import naming, open_sealed, step
from bench.bundle.origin import hardware_origins
from bench.bundle.plausibility import check_plausibility
from bench.bundle.recompute import Recompute, check_summary, load_recompute
from bench.bundle.sbom_check import check_sbom
from bench.bundle.schedule import check_schedule
from bench.bundle.seal import OUTER_LIMITS, Sealed
from bench.bundle.signers import Requirements, Signer, check_requirements, judge_signers
from bench.bundle.statement import Statement, parse_statement
from bench.bundle.timestamp import parse_timestamp
from bench.bundle.unchecked import list_unchecked
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.collector import collector_paused
from bench.verification.plan import check_plan
from bench.verification.replay import replay_plan
from bench.verification.tuning import check_tuning
from bench.verification.verification import Verification

TRUST_NOBODY = Requirements()


def verify_bundle(
    path: Path,
    requirements: Requirements = TRUST_NOBODY,
    *,
    now: datetime | None = None,
    recompute: Recompute | None = None,
) -> Verification:
    """Verify a bundle.

    Args:
        path: The bundle.
        requirements: The keys that the reader trusts, and the signatures that are required.
        now: Decides whether the trust store has expired, and what is in the future; by default the clock does.
        recompute: Makes the summary; by default `bench.stats`.

    Raises:
        UsageError: no such file, or a role is required that nobody defines.
        SchemaVersionError: the bundle is of another format than this bench reads.
        BundleError: a step failed; names the bundle and the step.
    """
    requirements.check_usage()
    return verify_bytes(read_bundle(path), path, requirements, now=now, recompute=recompute)


def read_bundle(path: Path) -> bytes:
    """Return the bytes of a bundle's file.

    Raises:
        UsageError: no such file.
        BundleError: it is larger than a bundle may be.
    """
    return read_file(path, limit=OUTER_LIMITS.total_bytes)


@collector_paused()
def verify_bytes(
    data: bytes,
    path: Path,
    requirements: Requirements = TRUST_NOBODY,
    *,
    now: datetime | None = None,
    recompute: Recompute | None = None,
) -> Verification:
    """Verify a bundle that was read already: as `verify_bundle`, whose refusals name the path."""
    with naming(path):
        return _verify(data, requirements, now or datetime.now(UTC), recompute)


def _verify(data: bytes, requirements: Requirements, now: datetime, recompute: Recompute | None) -> Verification:
    """Verify a bundle's bytes."""
    sealed = open_sealed(data)
    with step(3, "signatures"):
        statement = parse_statement(sealed.statement)
        signers = _judge(sealed, statement, requirements, now)
        check_requirements(signers, requirements)
    contents, digest = _open_contents(sealed, statement)
    with step(7, "consistency"):
        check_consistency(contents, statement)
        check_date(contents.info, now)
        check_chronology(contents)
        check_plausibility(contents)
        check_plan(contents)
        check_sbom(contents)
        check_case_facts(contents)
        unchecked = (*replay_plan(contents), *check_tuning(contents), *list_unchecked(contents))
    with step(8, "summaries"):
        check_summary(contents, recompute or load_recompute(contents.summary.method))
        check_schedule(contents)
    return Verification(
        contents=contents,
        content_digest=f"sha256:{digest}",
        signers=signers,
        unchecked=unchecked,
        origins={
            field: origin
            for field, origin in hardware_origins(contents.machine).items()
            if field not in contents.hidden
        },
    )


def _judge(sealed: Sealed, statement: Statement, requirements: Requirements, now: datetime) -> tuple[Signer, ...]:
    """Return the signers; refuse if the key that sealed the run is not among them."""
    sealed_by = statement.predicate.signer
    signed = [fingerprint(signature.key) for signature in sealed.signatures]
    if sealed_by.fingerprint not in signed:
        raise BundleError(f"the run was sealed by {sealed_by.fingerprint}, whose signature is missing")
    ephemeral: set[Fingerprint] = {sealed_by.fingerprint} if sealed_by.kind == "ephemeral" else set()
    claimed_at = parse_timestamp(statement.predicate.finished_on, source="statement")
    return judge_signers(signed, ephemeral, requirements, claimed_at=claimed_at, now=now)


def _open_contents(sealed: Sealed, statement: Statement) -> tuple[Contents, str]:
    """Steps 4 to 6: return the contents that the statement is about, and their digest."""
    with step(4, "subject"):
        digest = hashlib.sha256(sealed.content).hexdigest()
        stated = statement.subject[0].digest.sha256
        if digest != stated:
            raise BundleError(f"content.tar has the digest {digest}, but {stated} was signed")
    with step(5, "inner archive"):
        members = read_archive(sealed.content, CONTENT_LIMITS)
    with step(6, "schema"):
        contents = disclose(parse_members(members), sealed.disclosures)
    return contents, digest
