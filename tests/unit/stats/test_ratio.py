from collections.abc import Callable
from math import exp, inf, log, sin

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from bench.errors import TooNoisyError
from bench.stats.ratio import (
    MAX_REACH,
    RANKED_MIN,
    LogRatio,
    average,
    detectable_ratio,
    difference_p_value,
    equivalence_p_value,
    estimate_paired,
    estimate_unpaired,
    interval,
    pair_variance,
    prior_variance,
)
from bench.stats.variance import SCATTER_FLOOR, Variance

NO_SCATTER = Variance(value=0.0, degrees_of_freedom=inf)
BASE = (0.100, 0.101, 0.099, 0.102, 0.098, 0.100)
NEW = (0.104, 0.106, 0.103, 0.107, 0.105, 0.102)


def test_pairs_are_judged_as_scipy_judges_them() -> None:
    estimate = estimate_paired(list(zip(BASE, NEW, strict=True)))
    expected = stats.ttest_rel(np.log(NEW), np.log(BASE))
    assert difference_p_value(estimate) == pytest.approx(expected.pvalue)
    shown = interval(estimate, 0.01)
    assert (log(shown.low), log(shown.high)) == pytest.approx(tuple(expected.confidence_interval(0.99)))


def two_speeds(pairs: int, factor: float) -> list[tuple[float, float]]:
    """Pairs of processes that run at one of two speeds, 8% apart: each combination as often as any other."""
    speeds = [(base, new * factor) for base in (1.0, 1.08) for new in (1.0, 1.08)]
    jitter = [1 + 0.001 * sin(index) for index in range(2 * pairs)]
    return [
        (speeds[index % 4][0] * jitter[2 * index] / 10, speeds[index % 4][1] * jitter[2 * index + 1] / 10)
        for index in range(pairs)
    ]


def test_ranks_of_many_pairs_show_what_means_do_not_at_half_the_level() -> None:
    pairs = two_speeds(40, 1.02)
    estimate = estimate_paired(pairs)
    of_means = stats.ttest_rel([log(new) for _, new in pairs], [log(base) for base, _ in pairs])
    assert estimate.ranks is not None
    assert of_means.pvalue > 0.01
    assert difference_p_value(estimate) == pytest.approx(2 * estimate.ranks.p_value)
    assert difference_p_value(estimate) < 0.001
    shown = interval(estimate, 0.01)
    assert (log(shown.low), log(shown.high)) == pytest.approx(tuple(of_means.confidence_interval(0.995)))


def test_few_pairs_have_no_ranks_to_share_the_level_with() -> None:
    assert estimate_paired(two_speeds(RANKED_MIN - 1, 1.02)).ranks is None
    assert estimate_paired(two_speeds(RANKED_MIN, 1.02)).ranks is not None


def test_ranks_that_contradict_the_means_show_nothing() -> None:
    pairs = [(0.1, 0.101)] * 36 + [(0.2, 0.1)] * 4
    estimate = estimate_paired(pairs)
    assert estimate.ranks is not None
    assert (estimate.ranks.score > 0, estimate.point < 0) == (True, True)
    assert estimate.ranks.p_value < 0.001
    assert difference_p_value(estimate) > 0.05


def test_ranks_show_smaller_changes_than_means_where_speeds_are_two() -> None:
    pairs = two_speeds(80, 1.0)
    detectable = detectable_ratio(estimate_paired(pairs), 0.005)
    assert detectable < 0.01 < detectable_ratio(replace(estimate_paired(pairs), ranks=None), 0.005)


def test_one_estimate_alone_is_its_own_mean() -> None:
    estimate = estimate_paired(two_speeds(40, 1.02))
    assert average([estimate]) == estimate


def test_equal_sides_are_judged_as_scipy_judges_them_by_the_larger_variance_and_both_degrees_of_freedom() -> None:
    estimate = estimate_unpaired([BASE], [BASE[::-1]], NO_SCATTER)
    shifted = [1.03 * value for value in BASE]
    expected = stats.ttest_ind(np.log(BASE), np.log(shifted))
    assert estimate.degrees_of_freedom == len(BASE) + len(BASE) - 2
    assert difference_p_value(estimate_unpaired([BASE], [shifted], NO_SCATTER)) == pytest.approx(expected.pvalue)


def test_sides_of_unequal_scatter_are_judged_more_carefully_than_by_welch() -> None:
    estimate = estimate_unpaired([BASE], [NEW], NO_SCATTER)
    assert exp(estimate.point) == pytest.approx(stats.gmean(NEW) / stats.gmean(BASE))
    assert difference_p_value(estimate) > stats.ttest_ind(np.log(BASE), np.log(NEW), equal_var=False).pvalue


def test_five_that_agree_by_chance_prove_nothing_against_twenty_that_do_not() -> None:
    agreeing, two_speeds = (0.100, 0.1001, 0.0999, 0.1, 0.1), (0.100, 0.108) * 10
    welch = stats.ttest_ind(np.log(agreeing), np.log(two_speeds), equal_var=False).pvalue
    assert welch < 0.005
    assert difference_p_value(estimate_unpaired([agreeing], [two_speeds], NO_SCATTER)) > 0.05


def test_a_cell_that_scatters_less_than_is_usual_is_half_believed() -> None:
    own = float(np.var(np.log(BASE), ddof=1))
    usual = prior_variance([([(1.0, 1.1) * 3], [(1.0,) * 6])])
    agreeing, among = (estimate_unpaired([BASE], [BASE], NO_SCATTER, prior) for prior in (0.0, usual))
    assert usual == pytest.approx(np.var(np.log((1.0, 1.1) * 3), ddof=1))
    assert among.error**2 / agreeing.error**2 == pytest.approx((4 * usual + 5 * own) / 9 / own)
    assert estimate_unpaired([BASE], [BASE], NO_SCATTER, own / 2) == agreeing


def test_what_is_usual_is_the_median_of_cells_that_have_enough() -> None:
    cells = [([(1.0, factor) * 3], [(1.0,) * 6]) for factor in (1.01, 1.02, 1.3)]
    assert prior_variance([*cells, ([(1.0, 9.0)], [(1.0, 9.0)])]) == prior_variance(cells[1:2])
    assert prior_variance([]) == 0.0


def test_values_that_agree_to_the_last_digit_keep_a_scatter() -> None:
    estimate = estimate_unpaired([(0.1,) * 5], [(0.1,) * 5], NO_SCATTER)
    assert estimate.error == pytest.approx(SCATTER_FLOOR * (2 / 5) ** 0.5)


def test_autocorrelated_repetitions_are_worth_fewer() -> None:
    mixed, in_a_row = (0.10, 0.11) * 6, (0.10,) * 6 + (0.11,) * 6
    independent = estimate_unpaired([mixed], [mixed], NO_SCATTER)
    correlated = estimate_unpaired([in_a_row], [in_a_row], NO_SCATTER)
    assert independent.counts == (12.0, 12.0)
    assert (independent.degrees_of_freedom, correlated.degrees_of_freedom) == pytest.approx((22.0, 3.0))
    assert independent.error == pytest.approx(float(np.std(np.log(mixed), ddof=1)) * (2 / 12) ** 0.5)
    assert correlated.error > 2 * independent.error


@pytest.mark.parametrize("count", [5, 10, 20])
def test_independent_values_are_seldom_taken_for_autocorrelated_ones(count: int) -> None:
    rng = np.random.default_rng(count)
    sides = np.exp(rng.normal(0, 0.02, (500, 2, 1, count))).tolist()
    estimates = [estimate_unpaired(base, new, NO_SCATTER) for base, new in sides]
    halved = [effective for estimate in estimates for effective in estimate.counts or () if effective < count / 2]
    assert len(halved) < 0.1 * 1000


def test_the_scatter_between_runs_widens_the_interval() -> None:
    apart = estimate_unpaired([BASE], [NEW], Variance(value=0.01**2, degrees_of_freedom=inf))
    assert apart.error**2 == pytest.approx(estimate_unpaired([BASE], [NEW], NO_SCATTER).error ** 2 + 2 * 0.01**2)


def test_several_runs_a_side_divide_the_scatter_between_runs() -> None:
    scatter = Variance(value=0.01**2, degrees_of_freedom=7.0)
    one, three = (estimate_unpaired([BASE] * runs, [NEW] * runs, scatter) for runs in (1, 3))
    assert three.point == pytest.approx(one.point)
    assert [shared.value for shared in one.shared] == pytest.approx([2 * 0.01**2])
    assert [shared.value for shared in three.shared] == pytest.approx([2 * 0.01**2 / 3])
    assert three.shared[0].degrees_of_freedom == 7.0


def test_several_runs_a_side_pool_repetitions_about_the_mean_of_their_own_run() -> None:
    runs = [BASE, tuple(1.1 * value for value in BASE)]
    estimate = estimate_unpaired(runs, [NEW], NO_SCATTER)
    assert estimate.own[0].degrees_of_freedom == 3 * len(BASE) - 3
    larger = float(np.var(np.log(NEW), ddof=1))
    assert estimate.own[0].value == pytest.approx(larger * (1 / 6 + 2 / 6 / 4))
    assert exp(estimate.point) == pytest.approx(stats.gmean(NEW) / stats.gmean(BASE) / 1.1**0.5)


def test_runs_of_unequal_length_count_alike() -> None:
    slow = [1.02 * value for value in BASE]
    estimate = estimate_unpaired([BASE * 4, slow], [BASE], NO_SCATTER)
    assert estimate.point == pytest.approx(-log(1.02) / 2)


def test_pairs_of_other_cells_moderate_the_variance_and_add_their_degrees_of_freedom() -> None:
    pairs = list(zip(BASE, NEW, strict=True))
    own = pair_variance(pairs)
    others = [Variance(value=4 * own.value, degrees_of_freedom=5.0)] * 3
    among = estimate_paired(pairs, others)
    assert among.point == estimate_paired(pairs).point
    assert among.degrees_of_freedom == 5 + 4
    assert among.own[0].value == pytest.approx((4 * 4 * own.value + 5 * own.value) / 9 / 6)


def test_few_other_pairs_add_no_more_degrees_of_freedom_than_they_have() -> None:
    pairs = list(zip(BASE, NEW, strict=True))
    one = [Variance(value=pair_variance(pairs).value, degrees_of_freedom=2.0)]
    assert estimate_paired(pairs, one).degrees_of_freedom == 5 + 2
    assert estimate_paired(pairs, one).own[0].value == pytest.approx(estimate_paired(pairs).own[0].value)


def test_pairs_that_scatter_more_than_those_of_other_cells_keep_their_variance() -> None:
    pairs = list(zip(BASE, NEW, strict=True))
    calm = [Variance(value=SCATTER_FLOOR**2, degrees_of_freedom=5.0)] * 9
    assert estimate_paired(pairs, calm).error == estimate_paired(pairs).error


def test_an_interval_is_of_numbers_even_where_students_quantile_is_none() -> None:
    estimate = LogRatio(point=0.0, own=(Variance(value=1.0, degrees_of_freedom=1.0),))
    shown = interval(estimate, 1e-9)
    assert (shown.low, shown.high) == (exp(-MAX_REACH), exp(MAX_REACH))


def test_degrees_of_freedom_follow_welch_and_satterthwaite() -> None:
    expected = stats.ttest_ind(BASE, NEW[:4], equal_var=False).df
    own = tuple(
        Variance(value=np.var(side, ddof=1) / len(side), degrees_of_freedom=len(side) - 1) for side in (BASE, NEW[:4])
    )
    assert LogRatio(point=0.0, own=own).degrees_of_freedom == pytest.approx(expected)
    assert LogRatio(point=0.0, own=(Variance(value=1.0, degrees_of_freedom=inf),)).degrees_of_freedom == inf


def test_the_mean_of_cells_does_not_average_away_what_they_share() -> None:
    own = (Variance(value=4e-4, degrees_of_freedom=4),)
    few, many = (Variance(value=1e-4, degrees_of_freedom=number) for number in (4, 20))
    mean = average([LogRatio(point=0.04, own=own, shared=(many,)), LogRatio(point=0.02, own=own, shared=(few,))])
    assert (mean.point, mean.error**2) == pytest.approx((0.03, 2e-4 + 1e-4))
    assert [shared.degrees_of_freedom for shared in mean.shared] == [4]


def test_the_mean_of_interleaved_cells_has_nothing_shared() -> None:
    pairs = list(zip(BASE, NEW, strict=True))
    mean = average([estimate_paired(pairs), estimate_paired(pairs)])
    assert mean.shared == ()
    assert mean.error**2 == pytest.approx(estimate_paired(pairs).error ** 2 / 2)


def test_what_the_host_may_have_done_is_no_difference() -> None:
    estimate = LogRatio(point=0.05, own=(Variance(value=1e-4, degrees_of_freedom=inf),))
    assert difference_p_value(estimate) < 1e-6
    assert difference_p_value(estimate, (0.0, 0.05)) == 1.0
    assert difference_p_value(estimate, (-0.05, 0.0)) == difference_p_value(estimate)


def test_equivalence_is_two_one_sided_tests() -> None:
    estimate = estimate_paired(list(zip(BASE, BASE[1:] + BASE[:1], strict=True)))
    differences = np.log(BASE[1:] + BASE[:1]) - np.log(BASE)
    sides = (
        stats.ttest_1samp(differences, log(1.05), alternative="less").pvalue,
        stats.ttest_1samp(differences, -log(1.05), alternative="greater").pvalue,
    )
    assert equivalence_p_value(estimate, 0.05) == pytest.approx(max(sides))


@pytest.mark.parametrize("allowed", [(0.0, 0.015), (-0.015, 0.0)], ids=["the host slowed", "the host sped up"])
def test_a_host_that_moved_is_held_against_equivalence(allowed: tuple[float, float]) -> None:
    estimate = LogRatio(point=0.0, own=(Variance(value=0.003**2, degrees_of_freedom=inf),))
    assert equivalence_p_value(estimate, 0.02) < 0.001
    assert equivalence_p_value(estimate, 0.02, allowed) > 0.01


def test_what_is_detectable_is_shown_by_four_in_five() -> None:
    estimate = LogRatio(point=0.0, own=(Variance(value=0.01**2, degrees_of_freedom=19),))
    true = log(1 + detectable_ratio(estimate, 0.01))
    assert stats.nct.sf(stats.t.ppf(0.995, 19), 19, true / 0.01) == pytest.approx(0.8, abs=0.02)
    assert detectable_ratio(estimate, 0.01, (-0.1, 0.0)) == pytest.approx(exp(true + 0.1) - 1)


@pytest.mark.parametrize(
    "estimate",
    [
        lambda: estimate_unpaired([BASE[:4]], [NEW], NO_SCATTER),
        lambda: estimate_unpaired([BASE, BASE[:4]], [NEW], NO_SCATTER),
        lambda: estimate_paired([(1.0, 1.0)] * 4),
    ],
    ids=["4 and 6", "4 in one of two runs", "4 pairs"],
)
def test_too_few_repetitions_are_refused(estimate: Callable[[], LogRatio]) -> None:
    with pytest.raises(TooNoisyError, match=r"^4 .* too few: a verdict takes 5 of each side"):
        estimate()
