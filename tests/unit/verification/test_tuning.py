"""A stage of a tuning follows from its own records and is planned again; what contradicts itself is refused."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bench.errors import BundleError
from bench.profiles.load import load_profiles
from bench.records.bundle import Contents
from bench.records.profile import Placement
from bench.records.summary import Interval
from bench.records.tuning import EarlierStage, Gain, Knob, SettingGain, Tuning
from bench.verification.plan import check_plan
from bench.verification.replay import replay_plan
from bench.verification.tuning import check_tuning
from tests.unit.tune.bundles import DIGEST, RACE, WINNER, make_stage, make_tuning
from tests.unit.verification.planned import CATALOGUE

NOTHING = Interval(point=1, low=0.99, high=1.01)
TRIAL = EarlierStage(
    stage="trial",
    run_id="20260101T093000Z-0123abcd",
    content_digest=DIGEST.replace("0", "1"),
    arms=tuple(replace(RACE.arms[0], settings=arm) for arm in make_tuning().arms),
    gain=Gain(settings=WINNER, ratio=Interval(point=0.8, low=0.7, high=0.9), p_value=0, pairs=9, shown=True),
    settings=(
        SettingGain(name="openmp", value="gnu", ratio=Interval(point=1.2, low=1.1, high=1.3), p_value=0, kept=True),
        SettingGain(name="allocator", value="system", ratio=NOTHING, p_value=1, kept=False),
    ),
)
CONFIRM = make_tuning("confirm", ({}, {"openmp": "gnu"}), (RACE, TRIAL))

STAGES = {
    "the race": make_tuning("race", ({}, {"openmp": "llvm"}, WINNER), ()),
    "the trial": make_tuning(),
    "the confirmation": CONFIRM,
}


@pytest.mark.parametrize("tuning", STAGES.values(), ids=STAGES)
def test_a_stage_is_planned_again_from_its_request(tuning: Tuning) -> None:
    contents = make_stage(tuning)
    check_plan(contents)
    assert replay_plan(contents) == ()
    unchecked = check_tuning(contents)
    assert [reason.values for reason in unchecked] == [{"stages": str(len(tuning.earlier))}][: len(tuning.earlier)]


def test_a_check_is_planned_again_with_the_profile_that_it_measured() -> None:
    own = load_profiles()["xeon-spr"]
    placed = Placement(layout="latency", threads=1, source="a test", evidence="derived")
    mine = replace(own, name="mine", placement=(placed,))
    checked = make_tuning("check", ({}, {"profile": "mine.toml"}), ())
    checked = replace(checked, knobs=(Knob(name="profile", values=("mine.toml",)),))
    contents = make_stage(checked, catalogue=CATALOGUE._replace(find_profile=lambda _: mine))
    assert [cell.instances[0].threads for cell in contents.plan.cells] == [2, 1]
    check_plan(contents)
    assert (replay_plan(contents), check_tuning(contents)) == ((), ())


def test_another_run_than_a_stage_of_a_tuning_has_nothing_to_check() -> None:
    assert check_tuning(replace(make_stage(make_tuning()), tuning=None)) == ()


def change(**changes: object) -> Callable[[Tuning], Tuning]:
    return lambda tuning: replace(tuning, **changes)


def fall(standing: str) -> Callable[[Tuning], Tuning]:
    """The race says something else of its last arm."""
    arms = (*RACE.arms[:2], replace(RACE.arms[2], standing=standing))
    return change(earlier=(replace(RACE, arms=arms),))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (change(arms=({}, WINNER)), "has 2 arms, the plan 4 variants"),
        (
            change(arms=({}, WINNER, {"openmp": "gnu"}, {"openmp": "llvm"})),
            "arm d: its settings give '--openmp llvm'",
        ),
        (change(arms=({}, WINNER, {"openmp": "gnu"}, {"nosuch": "1"})), "no knob 'nosuch'"),
        (change(knobs=make_tuning().knobs[:1]), "an arm has allocator=system, which is not in the space"),
        (change(points=1), "3 arms of a space of 1"),
        (change(stage="race"), "the arms after a race are not those that follow"),
        (change(earlier=(RACE, TRIAL)), "stage trial follows stage trial"),
        (change(stage="confirm", earlier=()), "begins with stage confirm"),
        (fall("halved"), "a race has 0 best arms"),
        (fall("kept"), "a race has 0 best arms"),
        (change(earlier=(replace(RACE, run_id="20991122T090000Z-0123abcd"),)), "which began later"),
        (change(earlier=(replace(RACE, run_id="20260101T080000Z-0123abcd"), RACE)), "the arms after a race"),
    ],
)
def test_records_that_contradict_one_another_are_refused(changed: Callable[[Tuning], Tuning], words: str) -> None:
    contents: Contents = make_stage(make_tuning())
    with pytest.raises(BundleError) as refusal:
        check_tuning(replace(contents, tuning=changed(make_tuning())))
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (replace(TRIAL, gain=None), "a trial that shows no gain was followed"),
        (replace(TRIAL, settings=TRIAL.settings[1:]), "the arms after a trial are not those"),
        (replace(TRIAL, content_digest=RACE.content_digest), "two stages have the same bundle"),
    ],
    ids=["without a gain", "of which another setting was kept", "in the race's bundle"],
)
def test_a_confirmation_follows_from_its_trial(trial: EarlierStage, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        check_tuning(replace(make_stage(CONFIRM), tuning=replace(CONFIRM, earlier=(RACE, trial))))
