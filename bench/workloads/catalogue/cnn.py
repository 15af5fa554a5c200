"""Convolutional networks that classify images."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.sources import NOT_YET, TORCHBENCH

WORKLOADS = (
    WorkloadFacts(
        name="resnet50",
        family="cnn",
        target="bench.workloads.vision:build_resnet50",
        summary="ResNet-50 v1.5 classifies images; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/resnet50",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous", "channels_last"),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 32, "training": 32},
        shape={"image_size": 224},
        bounds={"image_size": (64, 1024)},
        smoke_shape={"image_size": 64},
        unit="images",
    ),
    WorkloadFacts(
        name="mobilenet_v2",
        family="cnn",
        target="bench.workloads.vision:build_mobilenet_v2",
        summary="MobileNet v2 classifies images: depthwise convolutions, little arithmetic",
        source=f"{TORCHBENCH}: torchbenchmark/models/mobilenet_v2",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous", "channels_last"),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 16},
        refused={"training": NOT_YET},
        shape={"image_size": 224},
        bounds={"image_size": (64, 1024)},
        smoke_shape={"image_size": 64},
        unit="images",
    ),
)
