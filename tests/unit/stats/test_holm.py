import pytest

from bench.stats.holm import adjust, step_levels


def test_adjusts_as_holms_own_procedure_does() -> None:
    assert adjust([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_a_single_value_stays_as_it_is() -> None:
    assert adjust([0.03]) == (0.03,)
    assert adjust([]) == ()


def test_adjusted_values_are_probabilities() -> None:
    assert adjust([0.5, 0.9]) == (1.0, 1.0)


def test_levels_rise_until_one_is_not_shown() -> None:
    assert step_levels([0.001, 0.9, 0.02, 0.04], 0.05) == pytest.approx((0.0125, 0.05 / 3, 0.05 / 3, 0.05 / 3))


def test_a_value_is_shown_at_its_level_if_its_adjusted_value_is_at_the_overall_level() -> None:
    values = [0.001, 0.012, 0.03, 0.2, 0.004]
    shown = [value <= level for value, level in zip(values, step_levels(values, 0.05), strict=True)]
    assert shown == [value <= 0.05 for value in adjust(values)]
