import numpy as np
import pytest

from bench.errors import TooNoisyError
from bench.stats.bootstrap import (
    RESAMPLES,
    Uniforms,
    bootstrap_interval,
    resample_median,
    resample_ratio,
    resample_repetitions,
)


def test_the_stream_of_numbers_is_the_same_for_ever() -> None:
    assert Uniforms(1).draw(1, 4)[0] == pytest.approx(
        [0.5118216247002567, 0.9504636963259353, 0.14415961271963373, 0.9486494471372439], rel=1e-14
    )


def test_numbers_lie_strictly_between_zero_and_one() -> None:
    drawn = Uniforms(7).draw(10_000)
    assert 0 < drawn.min() < 0.001
    assert 0.999 < drawn.max() < 1


@pytest.mark.parametrize("count", [5, 6, 51, 200])
def test_drawn_medians_are_those_of_real_resamples(count: int) -> None:
    values = np.random.default_rng(3).exponential(size=count)
    chosen = np.random.default_rng(4).integers(0, count, size=(20_000, count))
    real = np.median(values[chosen], axis=1)
    drawn = resample_median(values, Uniforms(5))
    assert drawn.mean() == pytest.approx(real.mean(), rel=0.05)
    assert drawn.std() == pytest.approx(real.std(), rel=0.15)


def test_drawn_ratios_are_those_of_real_resamples() -> None:
    random = np.random.default_rng(3)
    elapsed = random.exponential(size=60) + 1
    iterations = np.full(60, 4.0)
    chosen = random.integers(0, 60, size=(20_000, 60))
    real = iterations[chosen].sum(axis=1) / elapsed[chosen].sum(axis=1)
    drawn = resample_ratio(iterations, elapsed, Uniforms(5))
    assert drawn.mean() == pytest.approx(real.mean(), rel=0.01)
    assert drawn.std() == pytest.approx(real.std(), rel=0.1)


def test_repetitions_that_differ_widen_the_interval_more_than_their_samples_do() -> None:
    replicates = [np.full(RESAMPLES, value) for value in (1.0, 2.0, 3.0)]
    joined = resample_repetitions(replicates, Uniforms(5))
    assert joined.mean() == pytest.approx(2.0, rel=0.05)
    assert joined.std() == pytest.approx((2 / 3) ** 0.5 / 3**0.5, rel=0.1)


def test_a_repetition_drawn_twice_takes_part_with_two_resamples() -> None:
    one = np.arange(RESAMPLES, dtype=float)
    assert len(set(resample_repetitions([one], Uniforms(5)).tolist())) == RESAMPLES
    assert resample_repetitions([one, one], Uniforms(5)).std() < one.std()


def test_more_repetitions_than_resamples_still_have_a_mean() -> None:
    many = [np.ones(RESAMPLES)] * (RESAMPLES + 1)
    assert (resample_repetitions(many[:50], Uniforms(1)) == 1).all()
    assert resample_repetitions(many, Uniforms(1)).shape == (RESAMPLES,)


def test_one_repetition_has_the_percentiles_of_its_samples() -> None:
    found = bootstrap_interval(1.0, np.linspace(0.9, 1.1, 2001), confidence=0.9, repetitions=1)
    assert (found.low, found.high) == pytest.approx((0.91, 1.09))


@pytest.mark.parametrize(("repetitions", "most"), [(2, 1.0), (3, 0.99), (5, 0.98), (10, 0.98)])
def test_intervals_hold_the_truth_as_often_as_they_say(repetitions: int, most: float) -> None:
    """Of 300 simulated cells whose repetitions scatter by 3%, and their samples by 1%."""
    random = np.random.default_rng(7)
    held = 0
    for number in range(300):
        uniforms = Uniforms(number)
        groups = [np.exp(random.normal(random.normal(0, 0.03), 0.01, 9)) for _ in range(repetitions)]
        point = float(np.mean([np.median(values) for values in groups]))
        joined = resample_repetitions([resample_median(values, uniforms) for values in groups], uniforms)
        found = bootstrap_interval(point, joined, confidence=0.95, repetitions=repetitions)
        held += found.low <= 1.0 <= found.high
    assert 0.93 <= held / 300 <= most


@pytest.mark.parametrize("value", [0.0, -0.5, np.inf, np.nan])
def test_replicates_that_no_time_can_have_are_refused(value: float) -> None:
    with pytest.raises(TooNoisyError, match="no finite statistic"):
        bootstrap_interval(1.0, np.array([1.0, value]), confidence=0.95, repetitions=2)
