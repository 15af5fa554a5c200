from math import log

import numpy as np
import pytest

from bench.stats.level import Segment, estimate_step, find_between, find_detectable, find_level
from bench.stats.ratio import interval

TAIL = 6e-6


def make_segment(seed: int, count: int, level: float = 0.0, scatter: float = 0.01) -> Segment:
    values = level + np.random.default_rng(seed).normal(scale=scatter, size=count)
    return Segment(values, np.full(count, 1e-6))


def test_a_level_is_the_mean_weighted_by_precision() -> None:
    segment = Segment(np.array([0.0, 1.0]), np.array([1.0, 3.0]))
    assert find_level(segment, 0.0) == pytest.approx(0.25, abs=1e-6)
    assert find_level(segment, 1e6) == pytest.approx(0.5, abs=1e-3)


def test_scatter_between_runs_is_what_their_own_errors_do_not_explain() -> None:
    segments = (make_segment(1, 400), make_segment(2, 400, level=5.0))
    assert find_between(segments) == pytest.approx(1e-4, rel=0.1)
    explained = tuple(segment._replace(variances=np.full(400, 2e-4)) for segment in segments)
    assert find_between(explained) == 0.0
    assert find_between((make_segment(1, 1),)) == 0.0


def test_the_interval_of_a_step_holds_it_as_often_as_it_says() -> None:
    held = 0
    for seed in range(400):
        step = estimate_step(make_segment(seed, 30), make_segment(seed + 1000, 10, level=log(1.05)), 0.0)
        found = interval(step, 0.05)
        held += found.low <= 1.05 <= found.high
    assert 0.93 <= held / 400 <= 0.98


def test_correlated_runs_widen_the_interval() -> None:
    before, after = make_segment(1, 30), make_segment(2, 10, level=0.05)
    plain, correlated = (interval(estimate_step(before, after, share), 0.05) for share in (0.0, 0.5))
    assert correlated.point == plain.point
    assert correlated.high - correlated.low > 1.7 * (plain.high - plain.low)


def test_single_runs_have_an_interval_too() -> None:
    found = interval(estimate_step(make_segment(1, 1), make_segment(2, 1, level=0.05), 0.9), 0.05)
    assert 0 <= found.low < found.point < found.high


def test_the_smallest_change_that_would_be_seen_grows_with_scatter_and_correlation() -> None:
    calm, noisy = (find_detectable(make_segment(1, 60, scatter=scatter), 0.0, TAIL) for scatter in (0.01, 0.02))
    drifting = find_detectable(make_segment(1, 60), 0.5, TAIL)
    assert calm is not None
    assert noisy is not None
    assert drifting is not None
    assert 0.01 < calm < 0.03
    assert calm < noisy
    assert calm < drifting


def test_too_few_runs_would_show_no_change() -> None:
    assert find_detectable(make_segment(1, 1), 0.0, TAIL) is None
    assert find_detectable(make_segment(1, 6), 0.0, TAIL) is None
    assert find_detectable(Segment(np.array([0.0]), np.array([0.0])), 0.0, TAIL) is None
