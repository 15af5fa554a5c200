from collections import Counter

import pytest
import torch
from torch import nn

from bench.variants.observation import Observation, count_dtypes, format_dtypes, observe_modules

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("result", "maps", "channels_last"),
    [
        (torch.zeros(1, 2, 3, 3), 1, 0),
        (torch.zeros(1, 2, 3, 3).contiguous(memory_format=torch.channels_last), 1, 1),
        (torch.zeros(1, 1, 3, 3), 0, 0),
        (torch.zeros(1, 2, 1, 1), 0, 0),
        (torch.zeros(2, 2, 3), 0, 0),
    ],
    ids=["contiguous", "channels_last", "one channel shows nothing", "one pixel shows nothing", "three dimensions"],
)
def test_layouts_are_counted_where_they_show(result: torch.Tensor, maps: int, channels_last: int) -> None:
    observation = Observation()
    observation.add(result)
    assert (observation.maps, observation.channels_last) == (maps, channels_last)


@pytest.mark.parametrize("result", [None, torch.zeros(2, dtype=torch.int64), (torch.zeros(1),)])
def test_only_floating_point_tensors_are_counted(result: object) -> None:
    observation = Observation()
    observation.add(result)
    assert not observation.dtypes


def test_low_precision_results_are_counted() -> None:
    observation = Observation()
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        observation.add(torch.zeros(1, dtype=dtype))
    assert observation.low_precision == 2


def test_innermost_modules_are_observed_for_one_call_only() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    observation = observe_modules(model, lambda: model(torch.ones(1, 2)))
    model(torch.ones(1, 2))
    assert observation.dtypes == {torch.float32: 3}


def test_only_convolutions_and_batch_norms_show_the_memory_format() -> None:
    model = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.ReLU()).to(memory_format=torch.channels_last)
    x = torch.zeros(1, 2, 3, 3).contiguous(memory_format=torch.channels_last)
    observation = observe_modules(model, lambda: model(x))
    assert (observation.maps, observation.channels_last) == (2, 2)
    assert observation.dtypes == {torch.float32: 3}


class Resized(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.convolution(x) * 2).double()


def test_only_convolutions_of_a_graph_show_the_memory_format() -> None:
    x = torch.zeros(1, 2, 3, 3).contiguous(memory_format=torch.channels_last)
    graph = torch.export.export(Resized().to(memory_format=torch.channels_last), (x,)).run_decompositions().graph
    observation = Observation()
    observation.add_graph(graph)
    assert (observation.maps, observation.channels_last) == (1, 1)
    assert observation.dtypes == {torch.float32: 2, torch.float64: 1}


def test_hooks_are_removed_when_the_call_fails() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="shape"):
        observe_modules(model, lambda: model(torch.ones(1, 3)))
    assert not model[0]._forward_hooks


def test_data_types_are_written_in_order_of_names() -> None:
    assert format_dtypes(count_dtypes([torch.zeros(1), torch.zeros(1).bfloat16(), torch.zeros(2)])) == (
        "bfloat16:1 float32:2"
    )
    assert format_dtypes(Counter()) == "none"
