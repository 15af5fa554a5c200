"""No workload computes with many denormal numbers: they take up to a hundred times as long, and would be what is measured.

A model that is given weights of another scale than a trained one's, layer after layer, ends there.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.records.case import Case
from bench.variants.prepare import prepare
from bench.workloads.registry import WORKLOADS, find_workload, load_builder

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.usefixtures("no_model_is_kept")]

LIMIT = 1e-3
"""Share of a tensor's elements. At a hundred times the cost of a normal number, this many add a tenth."""

STEPS = 3
"""Of training: weights and gradients move apart within a few."""


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors anywhere in a module's output."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_in(part)


def denormal_share(tensor: Tensor) -> float:
    if tensor.is_sparse:  # the gradient of an embedding: it holds the rows that were looked up
        tensor = tensor.coalesce().values()
    if not tensor.numel():
        return 0.0
    sizes = tensor.detach().abs()
    denormal = (sizes > 0) & (sizes < torch.finfo(tensor.dtype).tiny)
    return int(denormal.count_nonzero()) / denormal.numel()


class Watch:
    """The largest share of denormals in any tensor of each kind and place."""

    def __init__(self, model: nn.Module) -> None:
        self.shares: dict[str, float] = {}
        for name, module in model.named_modules():
            module.register_forward_hook(self._look_at_outputs(name or "model"))

    def see(self, place: str, tensor: Tensor) -> None:
        self.shares[place] = max(self.shares.get(place, 0.0), denormal_share(tensor))

    def _look_at_outputs(self, name: str) -> Callable[..., None]:
        def look(_module: nn.Module, _inputs: object, output: object) -> None:
            for tensor in tensors_in(output):
                self.see(f"output of {name}", tensor)
                if tensor.requires_grad:
                    tensor.register_hook(lambda gradient: self.see(f"gradient at {name}", gradient))

        return look


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_weights_activations_and_gradients_are_normal_numbers(
    make_case: Callable[..., Case], name: str, mode: str
) -> None:
    facts = WORKLOADS[name]
    if mode not in facts.modes:
        pytest.skip(f"{name} has no {mode}")
    for phase in facts.phases if mode == "inference" and facts.phases else (None,):
        case = make_case(name, mode=mode, phase=phase, batch_size=2 if mode == "training" else 1)
        workload = load_builder(find_workload(name))(case)
        watch = Watch(workload.model)
        prepared = prepare(workload, case)
        with prepared.context():
            for _ in range(STEPS if mode == "training" else 1):
                prepared.call()
        for place, weight in workload.model.named_parameters():
            watch.see(f"weight {place}", weight)
            if weight.grad is not None:
                watch.see(f"gradient of {place}", weight.grad)
        assert {place: share for place, share in watch.shares.items() if share > LIMIT} == {}


def test_a_model_that_computes_with_denormals_is_found() -> None:
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU())
    with torch.no_grad():
        model[0].weight.fill_(1e-39)
    watch = Watch(model)
    model(torch.ones(2, 4))
    assert watch.shares == {"output of 0": 1.0, "output of 1": 1.0, "output of model": 1.0}
