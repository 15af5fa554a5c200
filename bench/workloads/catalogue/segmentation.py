"""Models that segment images."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import EVERY_FORMAT, EVERY_PRECISION

WORKLOADS = (
    WorkloadFacts(
        name="deeplabv3_resnet50",
        parameters=39_638_869,
        family="segmentation",
        library="torchvision",
        target="bench.workloads.segmentation:build_deeplabv3_resnet50",
        summary="DeepLab v3 on ResNet-50 segments images: dilated convolutions; training with Adam",
        source="torchvision's image size for it; TorchBench has no such model",
        precisions=EVERY_PRECISION,
        memory_formats=EVERY_FORMAT,
        batch_size={"inference": 1, "training": 4},
        shape={"image_size": 520},
        bounds={"image_size": (64, 2048)},
        smoke_shape={"image_size": 64},
        unit="images",
    ),
)
