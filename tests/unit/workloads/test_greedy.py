import pytest
import torch

from bench.workloads.greedy import Agreement, compare_choices

pytestmark = pytest.mark.torch

REFERENCE = [torch.tensor([[[4.0, 3.9, 0.0, -4.0]], [[0.0, 1.0, 5.0, 2.0]]])]
"""One position of two sequences; the root mean squares are 3.4 and 2.7."""


def choose(first: int, second: int) -> list[torch.Tensor]:
    return [torch.nn.functional.one_hot(torch.tensor([[first], [second]]), 4).float()]


def test_the_same_choices_are_equal() -> None:
    agreement = compare_choices(REFERENCE, REFERENCE, error=1e-4)
    assert agreement == Agreement(equal=2, close=0, wrong=0)
    assert agreement.passed
    assert agreement.describe() == "2 of 2 equal"


def test_another_token_is_excused_where_the_reference_holds_both_within_the_error() -> None:
    agreement = compare_choices(choose(1, 2), REFERENCE, error=0.02)
    assert agreement == Agreement(equal=1, close=1, wrong=0)
    assert agreement.passed
    assert agreement.describe() == "1 of 2 equal, 1 as likely within the error allowed"


def test_the_same_token_is_wrong_where_the_error_allowed_is_smaller() -> None:
    agreement = compare_choices(choose(1, 2), REFERENCE, error=0.01)
    assert agreement == Agreement(equal=1, close=0, wrong=1)
    assert not agreement.passed
    assert agreement.describe() == "1 of 2 equal, 1 wrong"


def test_an_unlikely_token_is_wrong() -> None:
    assert compare_choices(choose(0, 0), REFERENCE, error=0.1).wrong == 1


def test_a_choice_among_values_that_are_not_numbers_is_not_passed_over() -> None:
    assert compare_choices([torch.full((2, 1, 4), torch.nan)], [REFERENCE[0].flip(2)], error=1e-4).wrong == 2


def test_every_position_has_to_be_there() -> None:
    with pytest.raises(ValueError, match="longer"):
        compare_choices(REFERENCE, REFERENCE * 2, error=0.1)
