import pytest
import torch

from bench.workloads.inputs import integer_tensor, uniform_tensor

pytestmark = pytest.mark.torch


def test_values_are_float32_of_the_shape_and_deviation_asked_for() -> None:
    tensor = uniform_tensor("values", (100, 30), deviation=3.0)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (100, 30)
    assert tensor.std().item() == pytest.approx(3.0, rel=0.05)


def test_integers_are_int64_of_the_shape_and_range_asked_for() -> None:
    tensor = integer_tensor("tokens", (20, 50), below=7)
    assert tensor.dtype == torch.int64
    assert tensor.shape == (20, 50)
    assert set(tensor.unique().tolist()) == set(range(7))


def test_the_name_selects_the_values() -> None:
    assert torch.equal(uniform_tensor("a", (9,)), uniform_tensor("a", (3, 3)).flatten())
    assert not torch.equal(uniform_tensor("a", (9,)), uniform_tensor("b", (9,)))
