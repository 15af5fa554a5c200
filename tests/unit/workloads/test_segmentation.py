from collections.abc import Callable

import pytest
import torch
from torchvision.models.segmentation import deeplabv3_resnet50

from bench.errors import UsageError
from bench.records.case import Case
from bench.workloads.segmentation import build_deeplabv3_resnet50

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def test_it_is_the_published_model_without_its_auxiliary_head(make_case: MakeCase) -> None:
    with torch.device("meta"):
        published = deeplabv3_resnet50(weights=None, weights_backbone=None)
    workload = build_deeplabv3_resnet50(make_case("deeplabv3_resnet50", batch_size=2))
    counted = [sum(parameter.numel() for parameter in model.parameters()) for model in (workload.model, published)]
    assert counted[0] == counted[1]
    with torch.inference_mode():
        logits = workload.model(**workload.inputs)
    assert logits.shape == (2, 21, 64, 64)
    assert 0.05 < logits.std().item() < 100
    assert (logits[0] - logits[1]).norm() > 0.02 * logits[0].norm()


def test_training_labels_every_pixel(make_case: MakeCase) -> None:
    inputs = build_deeplabv3_resnet50(make_case("deeplabv3_resnet50", mode="training", batch_size=2)).inputs
    assert inputs["target"].shape == (2, 64, 64)
    assert inputs["target"].max() == 20


def test_training_on_a_single_image_is_refused(make_case: MakeCase) -> None:
    with pytest.raises(UsageError, match="over the batch; train on 2 or more, not 1"):
        build_deeplabv3_resnet50(make_case("deeplabv3_resnet50", mode="training"))
