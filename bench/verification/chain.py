"""Follow the chain of reproductions: each cites the run that it reproduces by digest.

Signed bytes can only hold digests of older bytes, so an honest chain goes back in time and ends. A bundle that is
found is checked for that, and for the plan: a run of another plan is not reproduced.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bench.bundle.files import read_file
from bench.bundle.opening import naming, open_sealed
from bench.bundle.seal import OUTER_LIMITS
from bench.bundle.signers import Requirements
from bench.bundle.statement import parse_statement
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BenchError, BundleError, UsageError
from bench.records.bundle import BUNDLE_SUFFIX, Citation
from bench.records.digest import Digest
from bench.records.record import Record
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle

Find = Callable[[Digest], Verification | None]


class Link(Record, frozen=True, kw_only=True):
    """One citation, and the bundle that it names.

    Attributes:
        cites: As the citing bundle states it.
        found: The bundle cited; None if it was not found, which ends the chain.
    """

    cites: Citation
    found: Verification | None


def follow_chain(verification: Verification, find: Find) -> tuple[Link, ...]:
    """Return a bundle's citations, up to a run that cites none, or a bundle that is not found.

    Args:
        verification: Of the bundle that the chain begins with.
        find: Returns the verified bundle of a content digest, or None.

    Raises:
        BundleError: a bundle does not match its citation, or the chain is a cycle.
    """
    links: list[Link] = []
    seen = {verification.content_digest}
    citing = verification
    while (cites := citing.contents.info.cites) is not None:
        if cites.content_digest in seen:
            raise BundleError(
                f"not verified, chain: run {citing.contents.info.run_id} cites {cites.content_digest}, "
                "which is already in this chain: a cycle"
            )
        seen.add(cites.content_digest)
        found = find(cites.content_digest)
        links.append(Link(cites=cites, found=found))
        if found is None:
            break
        _check_fit(citing, cites, found)
        citing = found
    return tuple(links)


def finder(given: Sequence[Path], folder: Path, requirements: Requirements) -> Find:
    """Return a function that finds bundles by digest, among those given and those in a folder.

    Args:
        given: Bundles that the reader names; each must be readable.
        folder: Where others may be; unreadable ones are skipped.
        requirements: The keys that the reader trusts; cited bundles need no signature.

    Raises:
        UsageError: a bundle that was given cannot be read.
        BundleError: a bundle that was given is malformed.
    """
    places = {read_digest(path): path for path in given}
    judge = replace(requirements, roles=(), demand=False)

    def find(digest: Digest) -> Verification | None:
        path = places.get(digest) or next(_matching(sorted(folder.glob(f"*{BUNDLE_SUFFIX}")), digest), None)
        return None if path is None else verify_bundle(path, judge)

    return find


def require_cited(given: Sequence[Path], links: Iterable[Link]) -> None:
    """Refuse a bundle that the reader names, and that no run of the chain cites.

    Raises:
        UsageError: names it and its digest.
    """
    cited = {link.cites.content_digest for link in links}
    for path in given:
        digest = read_digest(path)
        if digest not in cited:
            raise UsageError(f"{path}: no run of the chain cites its content {digest}; leave out --cited for it")


def read_digest(path: Path) -> Digest:
    """Return the signed digest of a bundle's content; that the content has it is not checked here."""
    data = read_file(path, limit=OUTER_LIMITS.total_bytes)
    with naming(path):
        statement = parse_statement(open_sealed(data).statement)
    return f"sha256:{statement.subject[0].digest.sha256}"


def _matching(paths: Iterable[Path], digest: Digest) -> Iterator[Path]:
    for path in paths:
        with suppress(BenchError):
            if read_digest(path) == digest:
                yield path


def _check_fit(citing: Verification, cites: Citation, found: Verification) -> None:
    later, earlier = citing.contents.info, found.contents.info
    if found.content_digest != cites.content_digest:
        raise _misfit(later.run_id, f"the content {cites.content_digest}, but the one found has {found.content_digest}")
    if earlier.run_id != cites.run_id:
        raise _misfit(later.run_id, f"{cites.content_digest} as run {cites.run_id}, but it is run {earlier.run_id}")
    finished = parse_timestamp(earlier.finished_at, source="bundle.json")
    if finished > parse_timestamp(later.started_at, source="bundle.json"):
        raise _misfit(
            later.run_id,
            f"run {earlier.run_id}, which finished at {earlier.finished_at}, after it began at {later.started_at}",
        )
    if found.contents.plan != citing.contents.plan:
        raise _misfit(later.run_id, f"run {earlier.run_id}, which has another plan")


def _misfit(run_id: str, what: str) -> BundleError:
    return BundleError(f"not verified, chain: run {run_id} cites {what}")
