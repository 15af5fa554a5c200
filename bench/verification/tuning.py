"""Check that a stage of a tuning is what its own records say: its variants are its arms, which follow from the stages before.

What earlier stages measured is in their own bundles, whose digests are here. `bench.tune.earlier` opens those that are
at hand. Nothing that this bundle's repetitions show rests on them.
"""

from collections.abc import Sequence
from itertools import pairwise

from bench.errors import BundleError, UsageError
from bench.planning.arms import arrange_trial, read_settings
from bench.records.bundle import Contents
from bench.records.reason import Reason
from bench.records.tuning import ArmResult, EarlierStage, Settings, StageName, Tuning

_FOLLOWING: dict[StageName, tuple[StageName, ...]] = {
    "race": ("race", "trial"),
    "trial": ("confirm",),
    "confirm": (),
    "check": (),
}
"""Stage → those that may follow it."""


def check_tuning(contents: Contents) -> tuple[Reason, ...]:
    """Refuse a tuning whose records contradict one another or the plan.

    Returns:
        What could not be checked, and why.

    Raises:
        BundleError: says what contradicts what.
    """
    tuning = contents.tuning
    if tuning is None:
        return ()
    _check_arms(tuning, contents)
    _check_space(tuning)
    stages: list[StageName] = [*(stage.stage for stage in tuning.earlier), tuning.stage]
    for before, after in pairwise(stages):
        if after not in _FOLLOWING[before]:
            raise BundleError(f"tuning.json: stage {after} follows stage {before}, which it cannot")
    if stages[0] == "confirm":
        raise BundleError(f"tuning.json: the search begins with stage {stages[0]}")
    arms = [*([result.settings for result in stage.arms] for stage in tuning.earlier), list(tuning.arms)]
    for stage, name, following in zip(tuning.earlier, stages[1:], arms[1:], strict=True):
        _check_following(stage, name, following)
    _check_times(tuning, contents.info.run_id)
    if not tuning.earlier:
        return ()
    return (Reason(code="earlier_stages_not_opened", values={"stages": str(len(tuning.earlier))}),)


def _check_arms(tuning: Tuning, contents: Contents) -> None:
    """Refuse arms that are not the plan's variants."""
    variants = contents.plan.variants
    if len(variants) != len(tuning.arms):
        raise BundleError(f"tuning.json has {len(tuning.arms)} arms, the plan {len(variants)} variants")
    for variant, settings in zip(variants, tuning.arms, strict=True):
        try:
            options = read_settings(settings)
        except UsageError as error:
            raise BundleError(f"tuning.json, arm {variant.name}: {error}") from error
        if (variant.options, variant.variables) != (options.typed(), options.variables):
            raise BundleError(
                f"tuning.json, arm {variant.name}: its settings give {' '.join(options.typed()) or 'nothing'!r:.400}, "
                f"the plan's variant has {' '.join(variant.options) or 'nothing'!r:.400}"
            )


def _check_space(tuning: Tuning) -> None:
    """Refuse arms outside of the space, and more of them than it has."""
    values = {knob.name: knob.values for knob in tuning.knobs}
    arms = [*tuning.arms, *(result.settings for stage in tuning.earlier for result in stage.arms)]
    for settings in arms:
        for name, value in settings.items():
            if value not in values.get(name, ()):
                raise BundleError(f"tuning.json: an arm has {name}={value}, which is not in the space")
    for stage in (tuning.arms, *(tuple(result.settings for result in stage.arms) for stage in tuning.earlier)):
        if stage[0] or len(set(map(repr, stage))) != len(stage):
            raise BundleError("tuning.json: the first arm of each stage changes nothing, and no two are the same")
    racing = len(tuning.earlier[0].arms if tuning.earlier else tuning.arms)
    if tuning.points < min(racing, 2) or (tuning.stage == "race" and tuning.points < racing):
        raise BundleError(f"tuning.json: {racing} arms of a space of {tuning.points}")


def _check_following(stage: EarlierStage, name: StageName, following: Sequence[Settings]) -> None:
    """Refuse arms that do not follow from what a stage says of its own."""
    if stage.stage == "race":
        expected = _follow_race(stage.arms)
    else:
        expected = "confirm", [{}, {setting.name: setting.value for setting in stage.settings if setting.kept}]
        if stage.gain is None or not stage.gain.shown:
            raise BundleError("tuning.json: a trial that shows no gain was followed by another stage")
    if (name, list(following)) != expected:
        raise BundleError(f"tuning.json: the arms after a {stage.stage} are not those that follow from its results")


def _follow_race(results: Sequence[ArmResult]) -> tuple[StageName, list[Settings]]:
    """Return the stage after a race, with its arms."""
    going_on = [result.settings for result in results if result.standing in {"best", "kept"}]
    best = [result.settings for result in results if result.standing == "best"]
    if len(best) != 1:
        raise BundleError(f"tuning.json: a race has {len(best)} best arms")
    if len(going_on) > 1:
        return "race", [{}, *going_on]
    return "trial", list(arrange_trial(best[0]))


def _check_times(tuning: Tuning, run_id: str) -> None:
    """Run ids begin with the time: each stage begins after the one before it."""
    run_ids = [*(stage.run_id for stage in tuning.earlier), run_id]
    for before, after in pairwise(run_ids):
        if before[:16] > after[:16] or before == after:
            raise BundleError(f"tuning.json: run {after} follows run {before}, which began later")
    digests = [stage.content_digest for stage in tuning.earlier]
    if len(set(digests)) != len(digests):
        raise BundleError("tuning.json: two stages have the same bundle")
