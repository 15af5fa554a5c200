"""The chain of reproductions: each run that was done again, by the digest that its reproduction cites.

A digest in signed bytes can only be of bytes that were there before it, so a true chain goes back in time and
ends. What a finder hands us is held to that all the same, and to the plan: a citation of another plan's run
reproduces nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bench.bundle.files import read_file
from bench.bundle.seal import OUTER_LIMITS
from bench.bundle.signers import Requirements
from bench.bundle.statement import parse_statement
from bench.bundle.timestamp import parse_timestamp
from bench.bundle.verification import Verification
from bench.bundle.verify import naming, open_sealed, verify_bundle
from bench.errors import BenchError, BundleError, UsageError
from bench.records.bundle import Citation
from bench.records.digest import Digest
from bench.records.record import Record

Find = Callable[[Digest], Verification | None]

SUFFIX = ".bench.tar"


class Link(Record, frozen=True, kw_only=True):
    """One citation, followed as far as could be.

    Attributes:
        cites: As the citing bundle states it.
        found: The bundle cited; None if it is not at hand, which ends the chain.
    """

    cites: Citation
    found: Verification | None


def follow_chain(verification: Verification, find: Find) -> tuple[Link, ...]:
    """Follow a bundle's citations until a run that cites none, or one that is not at hand.

    Args:
        verification: Of the bundle to begin with.
        find: The verified bundle whose content has a digest, or None.

    Raises:
        BundleError: a bundle does not fit the citation that led to it, or the chain comes back to itself.
    """
    links: list[Link] = []
    seen = {verification.content_digest}
    citing = verification
    while (cites := citing.contents.info.cites) is not None:
        if cites.content_digest in seen:
            raise BundleError(
                f"not verified, chain: run {citing.contents.info.run_id} cites {cites.content_digest}, "
                "which comes before it in its own chain"
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
    """Find bundles among those given, which must be readable, and all that lie in a folder, which need not be.

    Args:
        given: Bundles that the reader names.
        folder: Where others may lie.
        requirements: Whom the reader trusts; of cited bundles no signature is asked for.

    Raises:
        UsageError: a bundle that was given cannot be read.
        BundleError: a bundle that was given is malformed.
    """
    places = {read_digest(path): path for path in given}
    judge = replace(requirements, roles=(), demand=False)

    def find(digest: Digest) -> Verification | None:
        path = places.get(digest) or next(_matching(sorted(folder.glob(f"*{SUFFIX}")), digest), None)
        return None if path is None else verify_bundle(path, judge)

    return find


def require_cited(given: Sequence[Path], links: Iterable[Link]) -> None:
    """Refuse a bundle that the reader names and no run of the chain cites.

    Raises:
        UsageError: names it and its digest.
    """
    cited = {link.cites.content_digest for link in links}
    for path in given:
        digest = read_digest(path)
        if digest not in cited:
            raise UsageError(f"{path}: its content {digest} is cited nowhere in the chain")


def read_digest(path: Path) -> Digest:
    """The digest of a bundle's content, as it was signed; whether the content has it is not checked here."""
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
        raise _misfit(later.run_id, f"run {earlier.run_id}, whose plan is another than its own")


def _misfit(run_id: str, what: str) -> BundleError:
    return BundleError(f"not verified, chain: run {run_id} cites {what}")
