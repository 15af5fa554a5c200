import pytest

from bench.stats.steady import is_sliding

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
