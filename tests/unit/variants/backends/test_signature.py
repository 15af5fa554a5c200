import pytest
import torch
from torch import nn

from bench.variants.backends.signature import FlatModel, capture, stop_at

pytestmark = pytest.mark.torch


class Holder:
    def __init__(self) -> None:
        self.layers = [nn.Module(), Part()]
        self.length = torch.zeros((), dtype=torch.int64)


class Part:
    def __init__(self) -> None:
        self.keys = torch.zeros(2)


class Adding(nn.Module):
    def forward(self, x: torch.Tensor, *, held: Holder, by: float, more: list[torch.Tensor]) -> dict[str, object]:
        held.layers[1].keys.add_(x * by + more[0])
        held.length.add_(1)
        return {"sum": held.layers[1].keys + 0, "held": held, "none": None}


def arguments() -> tuple[torch.Tensor, Holder, list[torch.Tensor]]:
    return torch.ones(2), Holder(), [torch.full((2,), 3.0)]


def test_tensors_come_before_those_of_state() -> None:
    x, held, more = arguments()
    signature = capture(lambda: stop_at(x, held=held, by=2.0, more=more))
    flat = signature.flatten((x,), {"held": held, "by": 2.0, "more": more})
    assert {id(tensor) for tensor in flat[:2]} == {id(x), id(more[0])}
    assert {id(tensor) for tensor in flat[2:]} == {id(held.layers[1].keys), id(held.length)}


def test_examples_of_state_are_copies_and_plain_tensors_are_not() -> None:
    x, held, more = arguments()
    signature = capture(lambda: stop_at(x, held=held, by=2.0, more=more))
    assert signature.example[0].data_ptr() in {x.data_ptr(), more[0].data_ptr()}
    assert all(tensor is not slot.read() for tensor, slot in zip(signature.example[2:], signature.slots, strict=True))


@pytest.mark.parametrize("functional", [False, True])
def test_a_flat_model_computes_the_same_and_its_results_are_put_together_again(functional: bool) -> None:
    x, held, more = arguments()
    signature = capture(lambda: stop_at(x, held=held, by=2.0, more=more))
    flat = FlatModel(Adding(), signature, functional=functional)
    given = signature.example
    results = flat(*given)
    assert len(results) == (3 if functional else 1)
    assert torch.equal(flat.restore(results[:1])["sum"], torch.full((2,), 5.0))
    assert flat.restore(results[:1])["held"] is flat.restore(results[:1])["none"] is None
    assert torch.equal(held.layers[1].keys, torch.zeros(2))
    assert sorted(float(tensor.sum()) for tensor in given[2:]) == ([0.0, 0.0] if functional else [1.0, 10.0])


def test_results_are_assembled_from_their_form_alone() -> None:
    x, held, more = arguments()
    signature = capture(lambda: stop_at(x, held=held, by=2.0, more=more))
    called, given = (FlatModel(Adding(), signature, functional=False) for _ in range(2))
    results = called(*signature.example)
    given.form = called.form
    assert torch.equal(given.restore(results)["sum"], called.restore(results)["sum"])


def test_an_iteration_that_calls_no_model_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="never called its model"):
        capture(lambda: None)


def test_results_of_a_model_that_was_never_called_are_an_error() -> None:
    x, held, more = arguments()
    signature = capture(lambda: stop_at(x, held=held, by=2.0, more=more))
    with pytest.raises(RuntimeError, match="never called"):
        FlatModel(Adding(), signature, functional=False).restore([])
