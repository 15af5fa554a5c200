from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.vision import build_mobilenet_v2, build_resnet50
from bench.workloads.workload import Workload

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("name", "build", "parameters"),
    [("resnet50", build_resnet50, 25_557_032), ("mobilenet_v2", build_mobilenet_v2, 3_504_872)],
    ids=["resnet50", "mobilenet_v2"],
)
def test_it_is_the_published_model(
    name: str, build: Callable[[Case], Workload], parameters: int, make_case: MakeCase
) -> None:
    workload = build(make_case(name, batch_size=2))
    assert sum(each.numel() for each in workload.model.parameters()) == parameters
    assert workload.inputs["x"].shape == (2, 3, 64, 64)
    assert workload.items_per_iteration == 2


@pytest.mark.parametrize("build", [build_resnet50, build_mobilenet_v2])
def test_activations_neither_vanish_nor_explode(build: Callable[[Case], Workload], make_case: MakeCase) -> None:
    workload = build(make_case("resnet50", batch_size=2))
    with torch.inference_mode():
        output = workload.model(**workload.inputs)
    assert 0.1 < output.std().item() < 100


def test_training_has_labels_and_a_model_that_trains(make_case: MakeCase) -> None:
    workload = build_resnet50(make_case("resnet50", mode="training", batch_size=4))
    assert workload.model.training
    assert workload.inputs["target"].shape == (4,)
    assert workload.inputs["target"].max() < 1000


def test_inference_has_no_labels_and_a_model_that_infers(make_case: MakeCase) -> None:
    workload = build_resnet50(make_case("resnet50"))
    assert not workload.model.training
    assert set(workload.inputs) == {"x"}
