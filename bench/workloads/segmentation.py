"""Models that segment images, from torchvision.

Dropout is off in training too, since loss and gradients are compared with a reference's.
"""

from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models.segmentation import deeplabv3_resnet50
from torchvision.models.segmentation.deeplabv3 import ASPPPooling
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.classifiers import open_norms, residual_branches
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.vision import Scales, assemble_vision

CLASSES = 21
"""Of Pascal VOC, with background as class 0."""
_POOLED = 2.0**-6
"""Weight of the norm over one pooled value of each image, in training: over so few values it amplifies rounding errors
and passes them to the whole backbone."""


def _pooled_norms(model: nn.Module) -> dict[str, float]:
    pooled = [name for name, module in model.named_modules() if isinstance(module, ASPPPooling)]
    return {f"{name}.2.weight": _POOLED for name in pooled} if model.training else {}


_SCALES = Scales(constants=(partial(open_norms, 2.0), residual_branches, _pooled_norms))


class Segmenter(nn.Module):
    """A model of torchvision, and its logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Logits, batch × classes × height × width."""
        logits: Tensor = self.model(x)["out"]
        return logits


def build_deeplabv3_resnet50(case: Case) -> Workload:
    """Build DeepLab v3 on ResNet-50, without the auxiliary head, which torchvision adds for pretrained weights only.

    Raises:
        UsageError: training with a batch of one image.
    """
    if case.mode == "training" and case.batch_size == 1:
        raise UsageError(
            "deeplabv3_resnet50 norms one pooled value of each image over the batch; train on 2 or more, not 1"
        )
    size = case.shape["image_size"]
    return assemble_vision(
        case,
        lambda: Segmenter(deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=CLASSES)),
        {"x": uniform_tensor("images", (case.batch_size, 3, size, size))},
        scales=_SCALES,
        loss=cross_entropy,
        target=partial(integer_tensor, "labels", (case.batch_size, size, size), below=CLASSES),
    )
