from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.models.detection import fasterrcnn_resnet50_fpn, maskrcnn_resnet50_fpn

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.detection import build_fasterrcnn, build_maskrcnn
from bench.workloads.registry import WORKLOADS

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]
BUILDERS = {"fasterrcnn_resnet50_fpn": build_fasterrcnn, "maskrcnn_resnet50_fpn": build_maskrcnn}
PUBLISHED = {"fasterrcnn_resnet50_fpn": fasterrcnn_resnet50_fpn, "maskrcnn_resnet50_fpn": maskrcnn_resnet50_fpn}
SMOKE = WORKLOADS["maskrcnn_resnet50_fpn"].smoke_shape


def built(name: str, make_case: MakeCase, **changes: object) -> Workload:
    return BUILDERS[name](make_case(name, **changes))


@pytest.mark.parametrize("name", BUILDERS)
def test_it_is_the_published_model_but_for_norms_that_are_frozen(name: str, make_case: MakeCase) -> None:
    with torch.device("meta"):
        published = PUBLISHED[name](weights=None, weights_backbone=None)
    norms = {key for key, module in published.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
    wanted = {
        key: parameter.shape for key, parameter in published.named_parameters() if key.rpartition(".")[0] not in norms
    }
    model = built(name, make_case).model.model
    assert {key: parameter.shape for key, parameter in model.named_parameters()} == wanted


def test_the_first_layers_are_frozen_in_training(make_case: MakeCase) -> None:
    model = built("fasterrcnn_resnet50_fpn", make_case, mode="training").model
    frozen = {name.split(".")[3] for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == {"conv1", "layer1"}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_precision_does_the_same_work_once_proposals_are_found(name: str, make_case: MakeCase) -> None:
    counts = []
    for enabled in (False, True):
        workload = built(name, make_case, batch_size=2)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            result = workload.model(**workload.inputs)
        counts.append({key: [len(tensor) for tensor in value] for key, value in result.items()})
    found = [count.pop("proposals") for count in counts]
    assert all(0 < boxes <= SMOKE["proposals"] for count in found for boxes in count)
    assert counts[0] == counts[1]
    assert counts[0]["boxes"] == [SMOKE["detections"]] * 2
    if name.startswith("mask"):
        assert counts[0]["masks"] == [SMOKE["detections"]] * 2


def test_regions_and_objects_lie_within_the_image(make_case: MakeCase) -> None:
    inputs = built("maskrcnn_resnet50_fpn", make_case, mode="training").inputs
    for boxes in (inputs["regions"], inputs["boxes"]):
        assert boxes.min() >= 0
        assert boxes.max() <= SMOKE["image_size"]
        assert (boxes[..., 2:] > boxes[..., :2]).all()
    assert inputs["labels"].min() >= 1
    assert inputs["labels"].max() <= 90
    assert set(inputs["masks"].unique().tolist()) == {0, 1}
    assert 0 <= inputs["x"].min() < inputs["x"].max() <= 1


@pytest.mark.parametrize(("name", "losses"), [("fasterrcnn_resnet50_fpn", 4), ("maskrcnn_resnet50_fpn", 5)])
def test_training_draws_nothing_and_every_loss_counts(name: str, losses: int, make_case: MakeCase) -> None:
    workload = built(name, make_case, mode="training")
    given = {key: tensor for key, tensor in workload.inputs.items() if key != "target"}

    def measured(seed: int) -> Tensor:
        torch.manual_seed(seed)
        result: Tensor = workload.model(**given)
        return result

    first = measured(1)
    assert first.shape == workload.inputs["target"].shape == (losses,)
    assert (first > 0).all()
    assert torch.equal(first, measured(2))
