"""Models that find objects in images."""

from functools import partial

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import EVERY_FORMAT
from bench.workloads.catalogue.sources import TORCHBENCH

_CHOICES = "the number of boxes left at each step depends on data, which {} cannot trace; use {}"
_EXPORT = _CHOICES.format("torch.export, which {} needs,", "{}")
_COMPILED = "eager, torchscript or inductor"
_NO_FREEZING = "Inductor of torch 2.14.1 fails when it freezes this model (InductorError); use inductor"
_NO_NMS = "torchvision has no non-maximum suppression in {} on CPUs; use {}, whose autocast runs it in fp32"

_detector = partial(
    WorkloadFacts,
    family="detection",
    library="torchvision",
    precisions=("fp32", "amp_bf16", "amp_fp16", "fx_int8"),
    memory_formats=EVERY_FORMAT,
    backends=("eager", "torchscript", "inductor"),
    batch_size={"inference": 1, "training": 1},
    unsupported={
        "bf16": _NO_NMS.format("bf16", "amp_bf16"),
        "fp16": _NO_NMS.format("fp16", "amp_fp16"),
        "pt2e_int8": _EXPORT.format("pt2e_int8", "fx_int8"),
        "inductor_freezing": _NO_FREEZING,
        "inductor_max_autotune": _NO_FREEZING,
        "aot_inductor": _EXPORT.format("aot_inductor", _COMPILED),
        "zentorch": _NO_FREEZING,
        "onnxruntime": _EXPORT.format("onnxruntime", _COMPILED),
        "openvino": _EXPORT.format("openvino", _COMPILED),
    },
    shape={"image_size": 800, "proposals": 1000, "detections": 100},
    bounds={"image_size": (64, 2048), "proposals": (1, 2000), "detections": (1, 1000)},
    smoke_shape={"image_size": 64, "proposals": 16, "detections": 4},
    unit="images",
)

WORKLOADS = (
    _detector(
        name="fasterrcnn_resnet50_fpn",
        parameters=41_755_286,
        target="bench.workloads.detection:build_fasterrcnn",
        summary="Faster R-CNN on ResNet-50 with a feature pyramid finds objects; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/vision_maskrcnn, without masks; torchvision's image size",
    ),
    _detector(
        name="maskrcnn_resnet50_fpn",
        parameters=44_401_393,
        target="bench.workloads.detection:build_maskrcnn",
        summary="Mask R-CNN on ResNet-50 with a feature pyramid finds objects and their masks; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/vision_maskrcnn; torchvision's image size",
    ),
)
