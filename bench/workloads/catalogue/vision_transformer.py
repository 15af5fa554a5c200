"""Transformers that classify images."""

from functools import partial

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION
from bench.workloads.catalogue.sources import TORCHBENCH

_transformer = partial(
    WorkloadFacts,
    family="vision_transformer",
    library="torchvision",
    target="bench.workloads.classifiers:build_classifier",
    precisions=EVERY_PRECISION,
    memory_formats=CONTIGUOUS,
    batch_size={"inference": 32, "training": 32},
    shape={"image_size": 224},
    bounds={"image_size": (32, 1024)},
    smoke_shape={"image_size": 32},
    unit="images",
)

WORKLOADS = (
    _transformer(
        name="vit_b_16",
        parameters=86_000_000,
        summary="ViT-B/16 classifies images as sequences of patches; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/timm_vision_transformer, which is ViT-S/16",
    ),
    _transformer(
        name="swin_t",
        parameters=28_288_354,
        summary="Swin tiny classifies images: attention in windows that shift; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/timm_vision_transformer, its batch sizes",
    ),
)
