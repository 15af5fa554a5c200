"""Follow a tuning back to its first stage: each bundle that is found must lead to the stage after it."""

from typing import NamedTuple

from msgspec.structs import replace

from bench.bundle.source import own_source
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError
from bench.records.bundle import Citation
from bench.records.tuning import Tuning
from bench.tune.outcome import find_following
from bench.verification.chain import Find, Link
from bench.verification.verification import Verification


class EarlierStages(NamedTuple):
    """The stages before that of a bundle, the last one first.

    Attributes:
        links: One for each, with its bundle where that was found.
        checked: All were found, and each was seen to lead to the next by the rules of this bench.
    """

    links: tuple[Link, ...]
    checked: bool


def follow_stages(verification: Verification, find: Find) -> EarlierStages:
    """Return the earlier stages of a bundle's tuning; none for a bundle of any other run.

    What follows a stage is decided by the source that measured it, so that is only repeated where this is the same.

    Args:
        verification: Of the bundle.
        find: Returns the verified bundle of a content digest, or None.

    Raises:
        BundleError: a stage that was found is not what the bundle says of it.
    """
    tuning = verification.contents.tuning
    if tuning is None:
        return EarlierStages((), checked=True)
    links: list[Link] = []
    repeated = 0
    later, expected = verification, tuning
    for place in range(len(tuning.earlier) - 1, -1, -1):
        stage = tuning.earlier[place]
        found = find(stage.content_digest)
        cites = Citation(run_id=stage.run_id, content_digest=stage.content_digest)
        links.append(Link(cites=cites, found=found))
        if found is not None:
            _check_fit(found, stage.run_id, verification, later)
            repeated += _leads_to(found, expected, verification)
            later = found
        arms = tuple(result.settings for result in stage.arms)
        expected = replace(tuning, stage=stage.stage, arms=arms, earlier=tuning.earlier[:place])
    return EarlierStages(tuple(links), checked=repeated == len(links))


def _check_fit(found: Verification, run_id: str, last: Verification, later: Verification) -> None:
    """Refuse a stage of another search, or one that ended after a later one began."""
    contents = found.contents
    if contents.info.run_id != run_id or contents.tuning is None:
        raise _misfit(last, f"run {run_id}, but that content is of run {contents.info.run_id}, or of no tuning")
    ended = parse_timestamp(contents.info.finished_at, source="bundle.json")
    if ended > parse_timestamp(later.contents.info.started_at, source="bundle.json"):
        raise _misfit(last, f"run {run_id}, which ended after run {later.contents.info.run_id} began")
    ours, theirs = (
        (verification.contents.profile, verification.contents.plan.heading) for verification in (last, found)
    )
    if ours != theirs:
        raise _misfit(last, f"run {run_id}, which has another profile, suite or seed")


def _leads_to(found: Verification, expected: Tuning, last: Verification) -> bool:
    """Return whether the stage after a bundle was decided again; refuse one that does not follow."""
    contents = found.contents
    if contents.tuning is None or contents.environment.source_digest != own_source():
        return False
    if find_following(found, contents.tuning) != expected:
        raise _misfit(last, f"run {contents.info.run_id}, which leads to other arms or numbers than are stated of it")
    return True


def _misfit(last: Verification, what: str) -> BundleError:
    return BundleError(f"not verified, stages: run {last.contents.info.run_id} cites {what}")
