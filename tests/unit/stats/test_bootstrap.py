import numpy as np
import pytest

from bench.errors import TooNoisyError
from bench.stats.bootstrap import RESAMPLES, RandomIndices, percentile_interval, resample, resample_repetitions


def test_the_stream_of_indices_is_the_same_for_ever() -> None:
    assert RandomIndices(1).draw(2, 5, 100).tolist() == [[51, 95, 14, 94, 31], [42, 82, 40, 54, 2]]


def test_indices_are_uniform_over_their_range() -> None:
    drawn = RandomIndices(7).draw(1000, 10, 7)
    counts = np.bincount(drawn.ravel().astype(int), minlength=7)
    assert counts.min() > 1200
    assert counts.sum() == 10_000


def test_the_interval_of_a_mean_has_the_width_that_theory_gives() -> None:
    values = np.arange(100, dtype=float)
    means = resample(values, lambda rows: rows.mean(axis=1), RandomIndices(3))
    interval = percentile_interval(float(values.mean()), means, confidence=0.95)
    expected = 1.96 * values.std() / 10
    assert (interval.high - interval.low) / 2 == pytest.approx(expected, rel=0.1)


def test_repetitions_that_differ_widen_the_interval_more_than_their_samples_do() -> None:
    replicates = [np.full(RESAMPLES, value) for value in (1.0, 2.0, 3.0)]
    joined = resample_repetitions(replicates, RandomIndices(5))
    assert joined.mean() == pytest.approx(2.0, rel=0.05)
    assert joined.std() == pytest.approx((2 / 3) ** 0.5 / 3**0.5, rel=0.1)


def test_a_repetition_drawn_twice_takes_part_with_two_resamples() -> None:
    replicates = [np.arange(RESAMPLES, dtype=float)]
    assert len(set(resample_repetitions(replicates, RandomIndices(5)).tolist())) == RESAMPLES
    two = resample_repetitions([np.arange(RESAMPLES, dtype=float)] * 2, RandomIndices(5))
    assert two.std() < replicates[0].std()


def test_many_samples_are_resampled_in_blocks_with_the_same_size_of_result() -> None:
    values = np.ones(5_000)
    assert resample(values, lambda rows: rows[:, 0], RandomIndices(1)).shape == (RESAMPLES,)


def test_a_replicate_that_is_not_finite_is_refused() -> None:
    with pytest.raises(TooNoisyError, match="no finite statistic"):
        percentile_interval(1.0, np.array([1.0, np.inf]), confidence=0.95)
