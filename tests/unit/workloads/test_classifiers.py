from collections.abc import Callable

import pytest
import torch

from bench.errors import UsageError
from bench.records.case import Case
from bench.workloads.classifiers import build_classifier
from bench.workloads.registry import WORKLOADS

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]

PARAMETERS = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "densenet121": 7_978_856,
    "squeezenet1_1": 1_235_496,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "mnasnet1_0": 4_383_312,
    "shufflenet_v2_x1_0": 2_278_604,
    "efficientnet_b0": 5_288_548,
    "regnet_y_8gf": 39_381_472,
    "convnext_tiny": 28_589_128,
    "vit_b_16": 86_567_656,
    "swin_t": 28_288_354,
}
"""As torchvision publishes them, for images of 224 × 224."""
_POSITIONS_AT_224, _POSITIONS_AT_32 = 197 * 768, 5 * 768


def test_the_table_is_the_catalogue() -> None:
    families = {"cnn", "vision_transformer"}
    assert set(PARAMETERS) == {name for name, facts in WORKLOADS.items() if facts.family in families}


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_is_the_published_model_in_every_precision(name: str, make_case: MakeCase) -> None:
    wanted = PARAMETERS[name]
    if name == "vit_b_16":
        wanted += _POSITIONS_AT_32 - _POSITIONS_AT_224
    for precision in ("fp32", "bf16"):
        model = build_classifier(make_case(name, precision=precision)).model
        assert sum(parameter.numel() for parameter in model.parameters()) == wanted


@pytest.mark.parametrize("name", PARAMETERS)
def test_activations_neither_vanish_nor_explode_and_outputs_depend_on_images(name: str, make_case: MakeCase) -> None:
    workload = build_classifier(make_case(name, batch_size=2))
    with torch.inference_mode():
        first, second = workload.model(**workload.inputs)
    assert 0.03 < first.std().item() < 100
    assert (first - second).norm() > 0.02 * first.norm()


def test_training_has_labels_and_a_model_that_trains(make_case: MakeCase) -> None:
    workload = build_classifier(make_case("resnet50", mode="training", batch_size=4))
    assert workload.model.training
    assert workload.items_per_iteration == 4
    assert workload.inputs["target"].shape == (4,)
    assert workload.inputs["target"].max() < 1000


def test_inference_has_no_labels_and_a_model_that_infers(make_case: MakeCase) -> None:
    workload = build_classifier(make_case("resnet50", batch_size=2))
    assert not workload.model.training
    assert set(workload.inputs) == {"x"}
    assert workload.inputs["x"].shape == (2, 3, 64, 64)


def test_an_image_size_that_is_no_multiple_of_the_patch_is_refused(make_case: MakeCase) -> None:
    with pytest.raises(
        UsageError, match=r"patches of 16 pixels, and image_size=40 is not a multiple of 16; .* 32 or 48"
    ):
        build_classifier(make_case("vit_b_16", shape={"image_size": 40}))
