"""Models that classify images, from torchvision, with TorchBench's inputs.

Differences from TorchBench, on purpose: weights are generated and not downloaded; labels are classes and not
soft targets; a training step has no second forward pass to make them; and dropout and stochastic depth are off
in training too, since loss and gradients are compared with a reference's.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import sqrt
from types import MappingProxyType
from typing import Any

from torch import nn
from torch.nn.functional import cross_entropy
from torchvision.models import convnext, efficientnet, get_model, mnasnet, mobilenetv2, mobilenetv3, regnet, resnet
from torchvision.ops import SqueezeExcitation

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.vision import Scales, assemble_vision

CLASSES = 1000
"""ImageNet's, the default of every torchvision classifier."""
_PATCH = 16
_BRANCH = 0.25
"""Weight of the last norm of a residual branch: small, so that the sum over all blocks stays near 1."""
_LINEAR = sqrt(0.5)
"""Weight of a norm that no activation follows: undoes the gain that a ReLU would have needed."""
_EXCITED = 2.25
"""Factor where squeeze and excitation halve a block's values, and SiLU or the like passes less than ReLU."""


def open_norms(bias: float, model: nn.Module) -> dict[str, float]:
    """Return the biases of batch norms, for training only.

    With them most of the following activations stay open, and rounding flips few of them. Around zero it flips so many
    that gradients in bf16 agree with those in fp32 to a cosine of 0.9 or less, which would hide real faults. In
    inference norms do not subtract the mean of the batch, so a large bias would outweigh the image.
    """
    if not model.training:
        return {}
    branches = {name.removesuffix(".weight") for name in residual_branches(model)}
    norms = {name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    return {f"{name}.bias": bias for name in norms - branches}


def open_convolutions(bias: float, model: nn.Module) -> dict[str, float]:
    """Return the biases of convolutions in a model without norms, for training only and for the same reason."""
    if not model.training:
        return {}
    return {f"{name}.bias": bias for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}


def residual_branches(model: nn.Module) -> dict[str, float]:
    """Return the weight of the last norm of each residual branch, and of each block that ends without activation."""
    found = {}
    for name, module in model.named_modules():
        if type(module) in _LAST_NORMS:
            norm, weight = _LAST_NORMS[type(module)](module)
            found[f"{name}.{norm}"] = weight
    return found


def _excited(block: Any) -> tuple[str, float]:  # noqa: ANN401 - of MobileNet v3 or EfficientNet, which share no class
    excited = any(isinstance(part, SqueezeExcitation) for part in block.block)
    weight = (_BRANCH if block.use_res_connect else _LINEAR) * (_EXCITED if excited else 1.0)
    return f"block.{len(block.block) - 1}.1.weight", weight


_LAST_NORMS: Mapping[type[nn.Module], Callable[[Any], tuple[str, float]]] = MappingProxyType(
    {
        resnet.BasicBlock: lambda _: ("bn2.weight", _BRANCH),
        resnet.Bottleneck: lambda _: ("bn3.weight", _BRANCH),
        regnet.ResBottleneckBlock: lambda _: ("f.c.1.weight", _BRANCH),
        convnext.CNBlock: lambda _: ("layer_scale", _BRANCH),
        mobilenetv2.InvertedResidual: lambda block: (
            f"conv.{len(block.conv) - 1}.weight",
            _BRANCH if block.use_res_connect else _LINEAR,
        ),
        mnasnet._InvertedResidual: lambda block: (  # noqa: SLF001 - it has no other name
            f"layers.{len(block.layers) - 1}.weight",
            _BRANCH if block.apply_residual else _LINEAR,
        ),
        mobilenetv3.InvertedResidual: _excited,
        efficientnet.MBConv: _excited,
    }
)
"""Block → name and weight of its last norm."""
_BARE = Scales(constants=(partial(open_convolutions, 0.25),))
_OPEN_RESIDUAL = Scales(constants=(partial(open_norms, 2.0), residual_branches))
_ARCHITECTURES: Mapping[str, Scales] = MappingProxyType(
    {
        "alexnet": _BARE,
        "vgg16": _BARE,
        "resnet18": _OPEN_RESIDUAL,
        "resnet50": _OPEN_RESIDUAL,
        "resnet152": _OPEN_RESIDUAL,
        "resnext50_32x4d": _OPEN_RESIDUAL,
        "densenet121": _OPEN_RESIDUAL,
        "squeezenet1_1": _BARE,
        "mobilenet_v2": _OPEN_RESIDUAL,
        "mobilenet_v3_large": _OPEN_RESIDUAL,
        "mnasnet1_0": _OPEN_RESIDUAL,
        "shufflenet_v2_x1_0": _OPEN_RESIDUAL,
        "efficientnet_b0": _OPEN_RESIDUAL,
        "regnet_y_8gf": _OPEN_RESIDUAL,
        "convnext_tiny": Scales(gain=1.0, constants=(residual_branches,)),
        "vit_b_16": Scales(gain=1.0),
        "swin_t": Scales(gain=1.0),
    }
)
"""torchvision's name, which is the workload's → scales of its weights."""


def build_classifier(case: Case) -> Workload:
    """Build the torchvision model of the workload's name.

    Raises:
        UsageError: the image cannot be cut into the model's patches.
    """
    size = case.shape["image_size"]
    return assemble_vision(
        case,
        partial(get_model, case.workload, weights=None, **_options(case.workload, size)),
        {"x": uniform_tensor("images", (case.batch_size, 3, size, size))},
        scales=_ARCHITECTURES[case.workload],
        loss=cross_entropy,
        target=partial(integer_tensor, "labels", (case.batch_size,), below=CLASSES),
    )


def _options(name: str, size: int) -> dict[str, int]:
    """Return what the constructor needs to know of the image: its size, for a model with a weight per position."""
    if name != "vit_b_16":
        return {}
    if size % _PATCH:
        below = size // _PATCH * _PATCH
        raise UsageError(
            f"{name} cuts images into patches of {_PATCH} pixels, and image_size={size} is not a multiple of {_PATCH}; "
            f"try {below} or {below + _PATCH}"
        )
    return {"image_size": size}
