"""Judge a unit again, to check a statement: its values follow from its bundles, and its limits from its policy."""

from collections.abc import Sequence
from dataclasses import replace

from bench.bundle.timestamp import parse_timestamp
from bench.compare.qualification.gather import merge_copies
from bench.compare.qualification.load import LoadedPolicy
from bench.compare.qualification.qualify import qualify
from bench.compare.qualification.reading import Unit
from bench.errors import BundleError, UsageError
from bench.records.qualification import SIGNATURE_CHECK, BundleName, Qualification, RuleVerdict


def judge_again(stated: Qualification, bundles: Sequence[Unit], loaded: LoadedPolicy) -> None:
    """Compute every verdict of a statement from its bundles.

    Args:
        stated: Intact, as verification returned it.
        bundles: All that it names: those that were judged, and the references.
        loaded: The policy that it names.

    Raises:
        UsageError: a bundle or the policy is not what it names, or a bundle is not given.
        BundleError: a verdict does not follow.
    """
    if loaded.digest != stated.policy.digest:
        raise UsageError(
            f"the statement is by the policy {stated.policy.name} {stated.policy.digest}, and this is "
            f"{loaded.policy.name} {loaded.digest}; name its file with --policy"
        )
    given = _select(stated, bundles)
    again = qualify(
        [_with_stated_roles(given[name], stated) for name in stated.bundles],
        [given[name] for name in stated.references],
        loaded,
        now=parse_timestamp(stated.judged_at, source="statement"),
    )
    _compare(stated.verdicts, again.verdicts)


def _select(stated: Qualification, bundles: Sequence[Unit]) -> dict[BundleName, Unit]:
    """Return the bundles by name; refuse more or fewer than the statement names."""
    given = {unit.name: unit for unit in merge_copies(bundles)}
    named = (*stated.bundles, *stated.references)
    for name in given:
        if name not in named:
            raise UsageError(f"run {name.run_id} ({name.digest}) is not in the statement; leave it out")
    for name in named:
        if name not in given:
            raise UsageError(
                f"run {name.run_id} ({name.digest}) is in the statement and was not given; name its bundle"
            )
    return given


def _compare(stated: Sequence[RuleVerdict], again: Sequence[RuleVerdict]) -> None:
    """Refuse verdicts that are not those that were made again."""
    made = {_place(verdict): verdict for verdict in again}
    for verdict in stated:
        found = made.pop(_place(verdict), None)
        if found is None or (found.outcome, found.value, found.interval, found.limit) != (
            verdict.outcome,
            verdict.value,
            verdict.interval,
            verdict.limit,
        ):
            raise BundleError(f"statement: {_describe(verdict)}, but its bundles give {_describe(found)}")
    for lacking in made.values():
        raise BundleError(f"statement: it lacks the verdict {_describe(lacking)}")


def _with_stated_roles(unit: Unit, stated: Qualification) -> Unit:
    """Return a bundle with the roles that the judge's trust store gave its signers, which the reader's need not."""
    values = [v.value for v in stated.verdicts if v.check == SIGNATURE_CHECK and v.run_id == unit.name.run_id]
    roles = next((value for value in values if isinstance(value, tuple)), ())
    return replace(unit, roles=roles)


def _place(verdict: RuleVerdict) -> tuple[str, str, str | None]:
    return verdict.rule, verdict.run_id, verdict.cell


def _describe(verdict: RuleVerdict | None) -> str:
    if verdict is None:
        return "no such verdict"
    place = " ".join(filter(None, ("rule", verdict.rule, "of run", verdict.run_id, verdict.cell)))
    wanted = "no limit" if verdict.limit is None else f"{verdict.limit.comparator} {verdict.limit.wanted!r}"
    return f"{place} is {verdict.outcome} with {verdict.value!r} for {wanted}"
