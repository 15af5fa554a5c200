import sys
from typing import Any

import pytest
import torch

from bench.measure.accuracy import compare
from bench.records.case import MODES, PRECISIONS, Mode, Precision
from bench.records.measurement import Correctness
from bench.stats.limits import FAMILY_LIMITS, LIMITS

pytestmark = pytest.mark.torch

REFERENCE = [torch.tensor([3.0, 4.0]), torch.tensor([[1.0], [2.0]])]


def compare_fp32(outputs: list[torch.Tensor], reference: list[torch.Tensor] = REFERENCE, **changes: Any) -> Correctness:
    fields: dict[str, Any] = {"precision": "fp32", "family": "cnn", "mode": "inference"}
    return compare(outputs, reference, **fields | changes)


def test_equal_outputs_pass_with_no_error() -> None:
    correctness = compare_fp32([tensor.clone() for tensor in REFERENCE])
    assert correctness.passed
    assert correctness.relative_error == 0
    assert correctness.cosine_similarity == pytest.approx(1)


def test_error_and_cosine_are_those_of_the_joined_tensors() -> None:
    correctness = compare_fp32([torch.tensor([4.0, 3.0])], [torch.tensor([3.0, 4.0])])
    assert correctness.cosine_similarity == pytest.approx(24 / 25)
    assert correctness.relative_error == pytest.approx(2**0.5 / 5)
    assert not correctness.passed


def test_a_small_tensor_counts_as_much_as_a_large_one() -> None:
    small, large = torch.tensor([2.0]), torch.tensor([100.0])
    correctness = compare_fp32([large, -small], [large, small])
    assert correctness.cosine_similarity == pytest.approx(0, abs=1e-12)
    assert correctness.relative_error == pytest.approx(2**0.5)


def test_a_gradient_that_is_only_rounding_hardly_counts() -> None:
    noise, large = torch.tensor([1e-7]), torch.tensor([100.0])
    assert compare_fp32([large, -noise], [large, noise]).passed


def test_a_scale_alone_is_an_error_though_the_cosine_is_one() -> None:
    correctness = compare_fp32([2 * tensor for tensor in REFERENCE])
    assert correctness.cosine_similarity == pytest.approx(1)
    assert correctness.relative_error == pytest.approx(1)
    assert not correctness.passed


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_fails_and_stays_writable_as_json(value: float) -> None:
    correctness = compare_fp32([torch.tensor([value, 4.0])], [torch.tensor([3.0, 4.0])])
    assert not correctness.passed
    assert correctness.cosine_similarity == 0
    assert correctness.relative_error == sys.float_info.max


@pytest.mark.parametrize(
    ("outputs", "reference"),
    [([torch.zeros(2)], [torch.ones(2)]), ([torch.ones(2)], [torch.zeros(2)]), ([torch.zeros(2)], [torch.zeros(2)])],
    ids=["outputs are zero", "reference is zero", "both are zero"],
)
def test_nothing_passes_where_there_is_nothing_to_compare(
    outputs: list[torch.Tensor], reference: list[torch.Tensor]
) -> None:
    assert not compare_fp32(outputs, reference).passed


@pytest.mark.parametrize(
    "outputs", [[], [torch.zeros(2)], [torch.zeros(3), torch.zeros(2, 1)]], ids=["none", "too few", "another shape"]
)
def test_tensors_that_do_not_match_are_an_error_of_the_program(outputs: list[torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="cannot be compared with a reference of shapes"):
        compare_fp32(outputs)


def test_tensors_larger_than_a_part_are_summed_completely() -> None:
    reference = torch.ones((1 << 22) + 3)
    outputs = reference.clone()
    outputs[-1] = 2
    assert compare_fp32([outputs], [reference]).relative_error == pytest.approx(reference.numel() ** -0.5)


def test_arithmetic_that_is_secretly_bfloat16_fails_as_fp32_and_passes_as_bf16() -> None:
    reference = torch.linspace(-1, 1, 1001)
    outputs = [reference.bfloat16().float()]
    assert not compare_fp32(outputs, [reference]).passed
    assert compare_fp32(outputs, [reference], precision="bf16").passed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_that_a_mode_allows_has_limits(precision: Precision, mode: Mode) -> None:
    trained = precision in {"fp32", "amp_bf16", "amp_fp16"}
    assert ((mode, precision) in LIMITS) is (mode == "inference" or trained)


def test_an_error_that_bf16_makes_in_a_model_fails_as_fp16() -> None:
    reference = torch.linspace(-1, 1, 1001)
    noise = 0.02 * reference.flip(0)
    for precision, passes in (("bf16", True), ("amp_bf16", True), ("fp16", False), ("amp_fp16", False)):
        assert compare_fp32([reference + noise], [reference], precision=precision).passed is passes


def test_a_layer_lost_in_int8_fails() -> None:
    reference = torch.linspace(-1, 1, 1001)
    rounded = (reference * 127).round() / 127
    for precision in ("fx_int8", "pt2e_int8"):
        assert compare_fp32([rounded], [reference], precision=precision).passed
        assert not compare_fp32([rounded + 0.25], [reference], precision=precision).passed


def test_a_family_has_its_own_limits_where_the_table_says_so() -> None:
    limits = FAMILY_LIMITS["gnn", "training", "amp_bf16"]
    gnn, cnn = (
        compare_fp32(REFERENCE, precision="amp_bf16", family=family, mode="training") for family in ("gnn", "cnn")
    )
    assert (gnn.cosine_limit, gnn.error_limit) == (limits.cosine, limits.error)
    assert cnn.error_limit == LIMITS["training", "amp_bf16"].error > gnn.error_limit
