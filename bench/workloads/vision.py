"""Convolutional networks for image classification, from torchvision, with TorchBench's inputs.

Differences from TorchBench, on purpose: weights are generated and not downloaded; labels are classes and
not soft targets; and a training step has no second forward pass to make them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import sqrt

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models.mobilenetv2 import InvertedResidual, mobilenet_v2
from torchvision.models.resnet import Bottleneck, resnet50

from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload, weights_dtype

CLASSES = 1000
"""ImageNet's, the default of every torchvision classifier."""
_BRANCH_WEIGHT = 0.25
"""Weight of the last norm of a residual branch: small, so that the sum over all blocks stays near 1."""
_OPEN_BIAS = 1.0
"""Bias of ResNet's norms: most ReLUs stay open, and rounding flips few of them. Around zero it flips so many
that gradients computed in bf16 agree with those in fp32 to a cosine of 0.9 only, which would hide real faults."""
_BOTTLENECK_WEIGHT = sqrt(0.5)
"""Weight of a norm that no ReLU follows: takes back the gain that a ReLU would have needed."""


def build_resnet50(case: Case) -> Workload:
    """ResNet-50 v1.5 as torchvision has it."""
    return _build(case, resnet50, _resnet_constants)


def build_mobilenet_v2(case: Case) -> Workload:
    """MobileNet v2, width 1.0."""
    return _build(case, mobilenet_v2, _mobilenet_constants)


def _build(
    case: Case, factory: Callable[[], nn.Module], constants_of: Callable[[nn.Module], dict[str, float]]
) -> Workload:
    model = construct(factory, weights_dtype(case.precision))
    model.train(case.mode == "training")
    fill = partial(fill_weights, model, gain=sqrt(2.0), constants=constants_of(model))
    fill()
    size = case.shape["image_size"]
    inputs = {"x": uniform_tensor("images", (case.batch_size, 3, size, size))}
    if case.mode == "training":
        inputs["target"] = integer_tensor("labels", (case.batch_size,), below=CLASSES)

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return Inference(forward, inputs)
        return TrainingStep(model, fill, cross_entropy, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(
        case=case, model=model, inputs=inputs, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


def _resnet_constants(model: nn.Module) -> dict[str, float]:
    constants = {f"{name}.bias": _OPEN_BIAS for name, each in model.named_modules() if isinstance(each, nn.BatchNorm2d)}
    for name, each in model.named_modules():
        if isinstance(each, Bottleneck):
            constants[f"{name}.bn3.weight"] = _BRANCH_WEIGHT
    return constants


def _mobilenet_constants(model: nn.Module) -> dict[str, float]:
    return {
        f"{name}.conv.{len(each.conv) - 1}.weight": _BRANCH_WEIGHT if each.use_res_connect else _BOTTLENECK_WEIGHT
        for name, each in model.named_modules()
        if isinstance(each, InvertedResidual)
    }
