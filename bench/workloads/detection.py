"""Models that find objects in images, from torchvision: Faster and Mask R-CNN on ResNet-50 with a feature pyramid.

The whole model is timed as its users run it: resizing and normalising, backbone, region proposals with their
non-maximum suppression, heads, post-processing with the second suppression, and masks pasted into the image.
Choices that compare numbers do not depend on rounding here, so that every precision does the same work and its outputs
can be compared with a reference's:

- The heads read generated regions, as many as the proposals that the model may keep, in place of those that
  it found. Masks are computed for the first of these regions, as many as there may be detections. The proposals that
  the model found are outputs too.
- Correctness compares the outputs of the heads before any choice: objectness and offsets of all anchors, classes and
  offsets of all regions, masks of all classes.
- Training samples anchors and regions evenly, where torchvision draws them with torch's generator; objects are
  generated.
- Anchors are computed in float32; in bf16 they would lie up to 2 pixels off.

Norms and the first layers of the backbone are frozen, as in training from pretrained weights.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.faster_rcnn import FasterRCNN
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNN
from torchvision.models.detection.roi_heads import maskrcnn_inference, paste_masks_in_image
from torchvision.models.detection.rpn import concat_box_prediction_layers
from torchvision.models.resnet import resnet50
from torchvision.ops import FrozenBatchNorm2d
from typing_extensions import override

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Inference, copy_float32
from bench.workloads.vision import Scales, assemble_vision

CLASSES = 91
"""Of COCO, with background as class 0."""
_OBJECTS = 8
"""In each image to be trained on; COCO has 7.3 on average."""
_TRAINABLE_LAYERS = 3
_LONGEST_RATIO = 5 / 3
"""Longer side of an image over the shorter, for which the model is designed: 1333 and 800."""
_ANCHOR_SIZES = ((32,), (64,), (128,), (256,), (512,))
_ASPECT_RATIOS = ((0.5, 1.0, 2.0),) * len(_ANCHOR_SIZES)
_SCALES = Scales(
    power_of_two_scale={
        ".conv3.weight": -2,
        ".rpn.head.cls_logits.weight": -4,
        ".rpn.head.bbox_pred.weight": -6,
        ".box_predictor.cls_score.weight": -3,
        ".box_predictor.bbox_pred.weight": -4,
        ".mask_predictor.mask_fcn_logits.weight": -3,
    }
)
"""Frozen norms do not normalise, so residual branches are small, and predictors undo the gain of the layers before them.
Then boxes move by a fraction of their size, and about one class in each region is likely, so that as many boxes
compete as after training."""

_LEARNING_RATE = 1e-5
"""Frozen norms do not keep activations in scale: at 1e-3, Adam's default, logits grew a hundredfold in three steps, and
a third of their gradients were denormal numbers."""


class Detector(nn.Module):
    """A detection model of torchvision, with all outputs of its heads.

    Args:
        model: Faster or Mask R-CNN.
    """

    def __init__(self, model: GeneralizedRCNN) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, x: Tensor, regions: Tensor, **objects: Tensor) -> Any:
        """Detect, or in training return the losses.

        Args:
            x: Batch × 3 × height × width, from 0 to 1.
            regions: Batch × regions × 4, in pixels: left, top, right, bottom.
            objects: In training, `boxes`, `labels` and, for Mask R-CNN, `masks` of every image.
        """
        return self._losses(x, regions, objects) if self.training else self._detect(x, regions)

    def _detect(self, x: Tensor, regions: Tensor) -> dict[str, Any]:
        heads, rpn = self.model.roi_heads, self.model.rpn
        images, _ = self.model.transform(list(x))
        features = self.model.backbone(images.tensors)
        objectness, offsets, proposals = _propose(rpn, images, features)
        # The casts that autocast adds around torchvision's own operators, explicit, since a tracer works below autocast.
        features = {name: level.float() for name, level in features.items()}
        proposed, sizes = list(regions), images.image_sizes
        logits, refined = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposed, sizes)))
        boxes, scores, labels = heads.postprocess_detections(logits.float(), refined.float(), proposed, sizes)
        result = {
            "objectness": objectness,
            "offsets": offsets,
            "proposals": proposals,
            "logits": logits,
            "refined": refined,
            "boxes": boxes,
            "scores": scores,
            "labels": labels,
        }
        if heads.has_mask():
            result |= self._mask(features, [boxes[: heads.detections_per_img] for boxes in proposed], images)
        return result

    def _mask(self, features: dict[str, Tensor], boxes: list[Tensor], images: ImageList) -> dict[str, Any]:
        heads = self.model.roi_heads
        logits = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(features, boxes, images.image_sizes)))
        labels = [torch.arange(len(image_boxes)) % (CLASSES - 1) + 1 for image_boxes in boxes]
        masks = [
            paste_masks_in_image(mask, image_boxes, size)
            for mask, image_boxes, size in zip(
                maskrcnn_inference(logits, labels), boxes, images.image_sizes, strict=True
            )
        ]
        return {"mask_logits": logits, "masks": masks}

    def _losses(self, x: Tensor, regions: Tensor, objects: Mapping[str, Tensor]) -> Tensor:
        targets = [{name: tensor[index] for name, tensor in objects.items()} for index in range(len(x))]
        images, targets = self.model.transform(list(x), targets)
        features = self.model.backbone(images.tensors)
        _, losses = self.model.rpn(images, features, targets)
        _, of_heads = self.model.roi_heads(features, list(regions), images.image_sizes, targets)
        return torch.stack([loss.float() for loss in (losses | of_heads).values()])


def _propose(rpn: Any, images: ImageList, features: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:  # noqa: ANN401 - torchvision has no types
    """Do what `rpn(images, features)` does in inference, and return the outputs of its head as well."""
    levels = list(features.values())
    scores, deltas = rpn.head(levels)
    anchors = rpn.anchor_generator(images, levels)
    counts = [level[0].numel() for level in scores]
    objectness, offsets = concat_box_prediction_layers(scores, deltas)
    decoded = rpn.box_coder.decode(offsets.float(), anchors).view(len(anchors), -1, 4)
    proposals, _ = rpn.filter_proposals(decoded, objectness.float(), images.image_sizes, counts)
    return objectness, offsets, proposals


class Detection(Inference):
    """One detection over the same images and regions."""

    @override
    def outputs(self) -> list[Tensor]:
        """Return the outputs of the heads before any choice."""
        result = self.call()
        compared = ("objectness", "offsets", "logits", "refined", "mask_logits")
        return [copy_float32(result[name]) for name in compared if name in result]

    expected = outputs


def build_fasterrcnn(case: Case) -> Workload:
    """Build Faster R-CNN."""
    return _build(case, FasterRCNN)


def build_maskrcnn(case: Case) -> Workload:
    """Build Mask R-CNN: Faster R-CNN, and a mask for each detection."""
    return _build(case, MaskRCNN)


def _build(case: Case, network: type[FasterRCNN]) -> Workload:
    inputs = {"x": _images(case), "regions": _boxes("regions", case, case.shape["proposals"])}
    if case.mode == "training":
        inputs |= _objects(case, masks=network is MaskRCNN)
    losses = 5 if network is MaskRCNN else 4
    return assemble_vision(
        case,
        partial(_construct, case, network),
        inputs,
        scales=_SCALES,
        loss=_weighted,
        target=lambda: torch.ones(losses),
        infer=Detection,
        optimizer=partial(optim.Adam, lr=_LEARNING_RATE),
    )


def _construct(case: Case, network: type[FasterRCNN]) -> nn.Module:
    size, proposals = case.shape["image_size"], case.shape["proposals"]
    model = network(
        _resnet_fpn_extractor(resnet50(norm_layer=FrozenBatchNorm2d), _TRAINABLE_LAYERS),
        num_classes=CLASSES,
        min_size=size,
        max_size=int(size * _LONGEST_RATIO),
        rpn_anchor_generator=_Float32Anchors(_ANCHOR_SIZES, _ASPECT_RATIOS),
        rpn_pre_nms_top_n_train=2 * proposals,
        rpn_pre_nms_top_n_test=proposals,
        rpn_post_nms_top_n_train=2 * proposals,
        rpn_post_nms_top_n_test=proposals,
        box_detections_per_img=case.shape["detections"],
    )
    for part in (model.rpn, model.roi_heads):
        drawn = part.fg_bg_sampler
        part.fg_bg_sampler = _EvenSampler(drawn.batch_size_per_image, drawn.positive_fraction)
    return Detector(model)


class _Float32Anchors(AnchorGenerator):  # type: ignore[misc] # torchvision has no types
    @override
    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        super().set_cell_anchors(torch.float32, device)


class _EvenSampler(BalancedPositiveNegativeSampler):  # type: ignore[misc] # torchvision has no types
    """Takes as many positives and negatives as torchvision's, evenly spaced instead of random."""

    @override
    def __call__(self, matched_idxs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        chosen = [self._choose(matched) for matched in matched_idxs]
        return [positive for positive, _ in chosen], [negative for _, negative in chosen]

    def _choose(self, matched: Tensor) -> tuple[Tensor, Tensor]:
        positive, negative = torch.where(matched >= 1)[0], torch.where(matched == 0)[0]
        positives = min(len(positive), int(self.batch_size_per_image * self.positive_fraction))
        negatives = min(len(negative), self.batch_size_per_image - positives)
        return _mark(matched, positive, positives), _mark(matched, negative, negatives)


def _mark(matched: Tensor, candidates: Tensor, count: int) -> Tensor:
    mask = torch.zeros_like(matched, dtype=torch.uint8)
    mask[candidates[torch.arange(count) * len(candidates) // max(count, 1)]] = 1
    return mask


def _weighted(losses: Tensor, weights: Tensor) -> Tensor:
    return (losses * weights).sum()


def _images(case: Case) -> Tensor:
    size = case.shape["image_size"]
    return uniform_tensor("images", (case.batch_size, 3, size, size), deviation=0.25) + 0.5


def _boxes(name: str, case: Case, count: int) -> Tensor:
    """Return boxes in whole pixels, each side between a sixteenth and a half of the image's."""
    size, shape = case.shape["image_size"], (case.batch_size, count, 2)
    least, greatest = size // 16, size // 2
    corners = integer_tensor(f"{name}_corners", shape, below=size - greatest)
    sides = integer_tensor(f"{name}_sides", shape, below=greatest - least) + least + 1
    return torch.cat([corners, corners + sides], dim=2).float()


def _objects(case: Case, *, masks: bool) -> dict[str, Tensor]:
    objects = {
        "boxes": _boxes("objects", case, _OBJECTS),
        "labels": integer_tensor("labels", (case.batch_size, _OBJECTS), below=CLASSES - 1) + 1,
    }
    if masks:
        size = case.shape["image_size"]
        shape = (case.batch_size, _OBJECTS, size, size)
        objects["masks"] = integer_tensor("masks", shape, below=2).to(torch.uint8)
    return objects
