"""From a bundle's samples to what a stage shows and what follows it."""

import pytest
from msgspec.structs import replace

from bench.records.tuning import Limit, Tuning, TuningResult
from bench.report.reasons import describe_reason
from bench.tune.costs import ArmCosts, read_costs
from bench.tune.race import count_rungs, find_survivors, judge_race
from bench.tune.stages import begin_tuning, end_stage, next_stage, request_stage
from tests.builders import DIGEST
from tests.unit.tune.bundles import RACE, REQUEST, SEARCH, WINNER, make_stage, make_tuning

RUN_ID = "20260101T110000Z-0123abcd"


def constant(cost: float, limited: float | None = None) -> ArmCosts:
    return ArmCosts(dict.fromkeys(range(6), cost), {} if limited is None else dict.fromkeys(range(6), limited))


def test_a_race_says_of_each_arm_why_it_falls() -> None:
    arms = [{}, *({"threads": str(count)} for count in range(1, 7))]
    costs = [constant(1.0), constant(1.3), constant(0.9), constant(0.9001), constant(0.9002), constant(0.9003)]
    results = judge_race(arms, [*costs, ArmCosts({})], None)
    standings = [result.standing for result in results]
    assert standings == ["base", "slower", "best", "kept", "kept", "halved", "no_number"]
    assert find_survivors(results) == arms[2:5]
    assert results[2].ratio is not None
    assert results[2].ratio.point == pytest.approx(0.9)


def test_an_arm_that_does_not_keep_the_limit_cannot_win() -> None:
    limit = Limit(metric="p99", seconds=0.05)
    arms = [{}, {"threads": "1"}, {"threads": "2"}]
    results = judge_race(arms, [constant(1, 0.04), constant(0.5, 0.06), constant(0.9, 0.04)], limit)
    assert [result.standing for result in results] == ["base", "over_limit", "best"]


def test_if_no_arm_keeps_the_limit_there_is_no_gain() -> None:
    tuning = replace(make_tuning("race", ({}, {"openmp": "llvm"}, WINNER), ()), limit=Limit(metric="p99", seconds=0.05))
    end = next_stage(tuning, [constant(1, 0.04), constant(0.5, 0.06), constant(0.9, 0.06)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert end.outcome == "no_gain"
    assert describe_reason(end.reasons[0]) == (
        "none of the settings that were tried keeps the limit: their lowest p99 is 60 ms, wanted below 50 ms"
    )


LIMIT = Limit(metric="p99", seconds=0.05)
SPREAD = (0.046, 0.048, 0.049, 0.051, 0.052, 0.053)
KEPT, BROKEN, UNCLEAR = (0.04,) * 6, (0.06,) * 6, SPREAD


def limited(cost: float, seconds: tuple[float, ...]) -> ArmCosts:
    return ArmCosts(dict.fromkeys(range(6), cost), dict(enumerate(seconds)))


@pytest.mark.parametrize(
    ("own", "winner", "outcome", "code"),
    [
        (KEPT, KEPT, "gain", None),
        (UNCLEAR, KEPT, "gain", None),
        (KEPT, BROKEN, "no_gain", "tuning_over_limit"),
        (KEPT, UNCLEAR, "undecided", "tuning_limit_unclear"),
        (BROKEN, KEPT, "within_limit", "tuning_own_over_limit"),
    ],
    ids=["both keep it", "its own may keep it", "the winner breaks it", "the winner may break it", "its own break it"],
)
def test_a_trial_asks_for_the_limit_first(
    own: tuple[float, ...], winner: tuple[float, ...], outcome: str, code: str | None
) -> None:
    tuning = replace(begin_tuning(SEARCH, [{"openmp": "gnu"}]), limit=LIMIT)
    end = next_stage(tuning, [limited(1.0, own), limited(0.8, winner)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert (end.outcome, [reason.code for reason in end.reasons]) == (outcome, [code] if code else [])
    assert end.gain is not None
    assert end.gain.limited is not None
    assert end.gain.limited.point == pytest.approx(sum(winner) / 6, rel=0.01)


def test_settings_that_alone_keep_the_limit_win_even_if_they_are_slower() -> None:
    tuning = replace(begin_tuning(SEARCH, [{"openmp": "gnu"}]), limit=LIMIT)
    end = next_stage(tuning, [limited(1.0, BROKEN), limited(1.2, KEPT)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert (end.outcome, end.gain and end.gain.settings) == ("within_limit", {"openmp": "gnu"})


def test_settings_that_break_the_limit_without_the_others_keep_them_all() -> None:
    trial = replace(make_tuning(), limit=LIMIT)
    costs = [limited(2.0, KEPT), limited(1.0, KEPT), limited(1.0, KEPT), limited(2.0, KEPT)]
    confirm = next_stage(trial, costs, RUN_ID, DIGEST)
    assert isinstance(confirm, Tuning)
    assert confirm.arms == ({}, {"openmp": "gnu"})
    end = next_stage(confirm, [limited(2.0, KEPT), limited(1.0, BROKEN)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert (end.outcome, end.gain and end.gain.settings) == ("gain", WINNER)
    assert [reason.code for reason in end.reasons] == ["tuning_limit_needs_all"]


@pytest.mark.parametrize(
    ("own", "checked", "outcome"),
    [(KEPT, BROKEN, "no_longer"), (KEPT, UNCLEAR, "undecided"), (BROKEN, KEPT, "holds")],
    ids=["it breaks the limit", "it may break it", "it alone keeps it"],
)
def test_a_check_asks_for_the_limit_first(own: tuple[float, ...], checked: tuple[float, ...], outcome: str) -> None:
    tuning = replace(make_tuning("check", ({}, {"profile": "mine.toml"}), ()), limit=LIMIT)
    end = next_stage(tuning, [limited(1.0, own), limited(0.8, checked)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert end.outcome == outcome


@pytest.mark.parametrize(("arms", "rungs"), [(1, 0), (2, 1), (3, 2), (11, 4), (50, 6)])
def test_halving_needs_so_many_rungs(arms: int, rungs: int) -> None:
    assert count_rungs(arms) == rungs


def test_costs_are_read_from_the_samples_of_each_arm() -> None:
    contents = make_stage(make_tuning(), (2.0, 1.0, 1.2, 1.5))
    costs = [arm.costs for arm in read_costs(contents)]
    assert [len(arm) for arm in costs] == [6, 6, 6, 6]
    ratios = [arm[0] / costs[0][0] for arm in costs]
    assert ratios == pytest.approx([1.0, 0.5, 0.6, 0.75])
    end = end_stage(make_tuning(), read_costs(contents))
    assert end.trial is not None
    assert end.trial.gain is not None
    assert end.trial.gain.ratio.point == pytest.approx(0.5)
    assert [setting.ratio.point for setting in end.trial.settings] == pytest.approx([1.2, 1.5])


def test_a_trial_whose_settings_all_help_ends_the_tuning() -> None:
    contents = make_stage(make_tuning(), (2.0, 1.0, 1.2, 1.5))
    end = next_stage(make_tuning(), read_costs(contents), RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert end.outcome == "gain"
    assert all(setting.kept for setting in end.settings)


def test_a_trial_with_a_setting_that_buys_nothing_is_confirmed_without_it() -> None:
    contents = make_stage(make_tuning(), (2.0, 1.0, 1.0, 2.0))
    following = next_stage(make_tuning(), read_costs(contents), RUN_ID, DIGEST)
    assert isinstance(following, Tuning)
    assert (following.stage, following.arms) == ("confirm", ({}, {"openmp": "gnu"}))
    assert [stage.stage for stage in following.earlier] == ["race", "trial"]
    assert following.earlier[0] == RACE


def test_the_only_setting_of_a_winner_is_taken_back_by_the_profile_s_own_arm() -> None:
    tuning = begin_tuning(SEARCH, [{"openmp": "gnu"}])
    assert (tuning.stage, tuning.arms) == ("trial", ({}, {"openmp": "gnu"}))
    end = next_stage(tuning, [constant(1.0), constant(0.8)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert [setting.ratio.point for setting in end.settings] == pytest.approx([1.25])


@pytest.mark.parametrize(
    ("cost", "outcome"), [(0.9, "holds"), (1.1, "no_longer"), (1.0, "no_longer")], ids=["faster", "slower", "the same"]
)
def test_a_check_says_whether_a_profile_still_gains(cost: float, outcome: str) -> None:
    tuning = make_tuning("check", ({}, {"profile": "mine.toml"}), ())
    end = next_stage(tuning, [constant(1.0), constant(cost)], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert end.outcome == outcome


def test_too_few_pairs_are_undecided() -> None:
    tuning = make_tuning()
    end = next_stage(tuning, [ArmCosts({0: 1.0}), *[constant(0.5)] * 3], RUN_ID, DIGEST)
    assert isinstance(end, TuningResult)
    assert (end.outcome, end.reasons[0].code) == ("undecided", "tuning_too_few_pairs")


def test_stages_share_the_budget_and_each_arm_gets_its_least() -> None:
    race = make_tuning("race", ({}, {"openmp": "llvm"}, WINNER, {"allocator": "system"}), ())
    assert request_stage(REQUEST, race).aim_s == 150  # half of ten minutes, in two rungs
    assert request_stage(REQUEST, make_tuning()).aim_s == 180
    assert request_stage(REQUEST, make_tuning("confirm", ({}, WINNER))).aim_s == 120
    assert request_stage(REQUEST, make_tuning()).repetitions == (6, 100)


def test_a_trial_has_the_time_of_the_stages_that_do_not_come() -> None:
    one = {"openmp": "gnu"}
    assert request_stage(REQUEST, make_tuning("trial", ({}, one))).aim_s == 300  # no confirmation
    assert request_stage(REQUEST, begin_tuning(SEARCH, [WINNER])).aim_s == 480  # no race
    assert request_stage(REQUEST, begin_tuning(SEARCH, [one])).aim_s == 600


def test_for_a_percentile_in_the_tail_a_sample_is_one_iteration() -> None:
    request = request_stage(REQUEST, replace(make_tuning(), aim="p99"))
    assert (request.sample_s, request.samples_min) == (1e-6, 200)
    limited = replace(make_tuning(), aim="throughput", limit=Limit(metric="p99", seconds=1))
    assert request_stage(REQUEST, limited).samples_min == 200


def test_a_race_takes_noisy_repetitions_of_an_arm_that_has_no_other_and_a_trial_takes_none() -> None:
    contents = make_stage(make_tuning())
    first, *others = contents.measurements
    noisy = replace(first, repetitions=tuple(replace(each, invalid=("foreign_load",)) for each in first.repetitions))
    contents = replace(contents, measurements=(noisy, *others))
    assert read_costs(contents)[0].costs == {}
    assert len(read_costs(replace(contents, tuning=replace(make_tuning(), stage="race")))[0].costs) == 6
