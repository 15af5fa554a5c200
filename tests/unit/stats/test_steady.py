import pytest

from bench.stats.steady import WINDOW, is_sliding, is_steady

SLIDE = [1.0 + 0.01 * step for step in range(15)]


@pytest.mark.parametrize(
    ("values", "slides"),
    [
        (SLIDE, True),
        (SLIDE[::-1], True),
        ([1.0 + 0.001 * step for step in range(15)], False),
        ([1.0, 1.3] * 9, False),
        ([1.0, 1.0, 1.0, 1.0, 2.0], False),
        ([1.0] * 5, False),
    ],
    ids=["a rise", "a fall", "a small rise", "scatter", "too few for ranks", "equal values"],
)
def test_the_rule_of_sliding(values: list[float], *, slides: bool) -> None:
    assert is_sliding(values) is slides


@pytest.mark.parametrize(
    ("values", "steady"),
    [
        ([1.0] * WINDOW, True),
        ([5.0] * 3 + [1.0] * WINDOW, True),
        ([1.0] * (WINDOW - 1), False),
        ([1.0 + 0.5 * step for step in range(WINDOW)], False),
    ],
    ids=["equal values", "a slow start before them", "too few", "a rise"],
)
def test_the_last_values_are_steady_or_not(values: list[float], *, steady: bool) -> None:
    assert is_steady(values) is steady
