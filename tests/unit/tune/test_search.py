"""The search as a whole, on made-up machines: it finds the best arm, tells no gain where there is none, and drops what buys nothing."""

from itertools import pairwise, product

import pytest

from bench.records.tuning import Settings
from tests.unit.tune.search import begin, follow, product_machine, search

VALUES = {"openmp": ("gnu", "intel"), "allocator": ("jemalloc", "tcmalloc"), "THP_MEM_ALLOC_ENABLE": ("1",)}
ARMS: list[Settings] = [
    settings
    for combination in product(*((None, *values) for values in VALUES.values()))
    if (settings := {name: value for name, value in zip(VALUES, combination, strict=True) if value is not None})
]
SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_finds_the_settings_that_help_and_says_what_each_bought(seed: int) -> None:
    machine = product_machine({("openmp", "intel"): 0.9, ("allocator", "tcmalloc"): 0.93})
    end = search(ARMS, machine, seed, scatter=0.01)
    assert end.outcome == "gain"
    assert end.gain is not None
    kept = {setting.name: setting.value for setting in end.settings if setting.kept}
    assert kept.items() >= {"openmp": "intel", "allocator": "tcmalloc"}.items()
    assert end.gain.ratio.low < 0.9 * 0.93 < end.gain.ratio.high
    bought = {setting.name: setting.ratio.point for setting in end.settings}
    assert bought["openmp"] == pytest.approx(1 / 0.9, abs=0.02)
    assert bought["allocator"] == pytest.approx(1 / 0.93, abs=0.02)


def test_a_setting_that_buys_nothing_is_left_out_and_the_rest_is_confirmed() -> None:
    machine = product_machine({("openmp", "intel"): 0.9})
    arms: list[Settings] = [{"openmp": "intel", "allocator": "jemalloc"}]
    stages = list(follow(begin(arms), machine, 1))
    assert [tuning.stage for tuning, _ in stages] == ["trial", "confirm"]
    assert stages[1][0].arms == ({}, {"openmp": "intel"})
    end = stages[-1][1]
    assert end.gain is not None
    assert end.gain.settings == {"openmp": "intel"}


def test_two_settings_of_which_either_would_do_both_stay() -> None:
    """Taken back alone, neither costs anything; without both, all is lost."""

    def machine(settings: Settings) -> float:
        return 0.9 if settings else 1.0

    arms: list[Settings] = [{"openmp": "intel", "allocator": "jemalloc"}]
    end = search(arms, machine, 1)
    assert end.outcome == "gain"
    assert end.gain is not None
    assert end.gain.settings == arms[0]
    assert [reason.code for reason in end.reasons] == ["tuning_no_single_setting"]


def test_where_nothing_helps_a_gain_is_told_no_more_often_than_the_level_says() -> None:
    """400 searches of 17 arms that are all the same: at a level of 0.5% more than seven are rarer than 1 in 400."""
    ends = [search(ARMS, product_machine({}), seed, repetitions=8) for seed in range(400)]
    assert sum(end.outcome == "gain" for end in ends) <= 7
    assert {end.outcome for end in ends} <= {"gain", "no_gain"}
    reasons = [end.reasons[0] for end in ends if end.outcome == "no_gain"]
    assert sum(reason.code == "tuning_worse" for reason in reasons) <= 7
    told = [float(reason.values["most_percent"]) for reason in reasons if reason.code == "no_gain_shown"]
    assert 0 <= min(told) <= max(told) < 15


def test_what_the_race_measured_is_told_nowhere() -> None:
    """The winner of arms that are all the same looks faster in the race; the trial's ratio is about one."""
    ratios = []
    for seed in range(100):
        end = search(ARMS, product_machine({}), seed, repetitions=8)
        assert end.gain is not None
        ratios.append(end.gain.ratio.point)
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.004)


def test_a_race_ends_after_the_rungs_that_were_announced() -> None:
    stages = [tuning for tuning, _ in follow(begin(ARMS), product_machine({}), 3)]
    races = [len(tuning.arms) - 1 for tuning in stages if tuning.stage == "race"]
    assert races[0] == len(ARMS) == 17
    assert all(after <= (before + 1) // 2 for before, after in pairwise(races))
    assert len(races) <= 5
