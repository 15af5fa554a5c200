"""Operators and their results are counted, and computed as without counting."""

import pytest
import torch
from torch import nn

from bench.measure.cost import count_flops
from bench.measure.dispatch import Dispatched

pytestmark = pytest.mark.torch


def test_operators_and_data_types_of_results_are_counted() -> None:
    x = torch.ones(2, 3)
    with torch.no_grad(), Dispatched() as seen:
        result = (x @ x.T).exp().bfloat16()
    assert seen.operators == {f"aten.{name}.default": 1 for name in ("permute", "mm", "exp", "_to_copy")}
    assert seen.dtypes == {torch.float32: 3, torch.bfloat16: 1}
    assert torch.equal(result, (x @ x.T).exp().bfloat16())


def test_operations_and_gradients_are_the_same_inside() -> None:
    layer, x = nn.Linear(4, 5), torch.ones(3, 4)
    counted = count_flops(lambda: layer(x).sum().backward())
    gradient = layer.weight.grad
    layer.weight.grad = None
    with Dispatched():
        assert count_flops(lambda: layer(x).sum().backward()) == counted
    assert gradient is not None
    assert torch.equal(gradient, layer.weight.grad)
