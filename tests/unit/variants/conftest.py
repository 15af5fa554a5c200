"""A small workload of every kind of operation, and nothing to download or to wait for."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep
from bench.workloads.weights import fill_weights


class Small(nn.Module):
    """Two convolutions and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3))
        self.linear = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.linear(self.convolutions(x).mean(dim=(2, 3)))
        return output


@pytest.fixture
def make_case() -> Callable[..., Case]:
    def make(**changes: Any) -> Case:
        fields: dict[str, Any] = {
            "workload": "small",
            "mode": "inference",
            "phase": None,
            "precision": "fp32",
            "memory_format": "contiguous",
            "backend": "eager",
            "batch_size": 2,
            "shape": {},
        }
        return Case(**fields | changes)

    return make


@pytest.fixture
def build() -> Callable[[Case], Workload]:
    def make(case: Case) -> Workload:
        model = Small().to(weights_dtype(case.precision)).train(case.mode == "training")
        fill = partial(fill_weights, model)
        fill()
        inputs = {"x": uniform_tensor("x", (case.batch_size, 3, 12, 12))}
        if case.mode == "training":
            inputs["target"] = uniform_tensor("target", (case.batch_size, 4))

        def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
            if case.mode == "inference":
                return Inference(forward, inputs)
            return TrainingStep(model, fill, mse_loss, forward=forward, inputs=inputs, autocast=autocast)

        return Workload(
            case=case, model=model, inputs=inputs, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
        )

    return make


@pytest.fixture
def fresh_compiler(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No model compiled by another test is taken for this one's; compiled headers are, as they take seconds."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "inductor"))
    torch.compiler.reset()
    yield
    torch.compiler.reset()
