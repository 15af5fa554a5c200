"""Convolutional networks that classify images."""

from functools import partial

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import EVERY_FORMAT, EVERY_PRECISION
from bench.workloads.catalogue.sources import TORCHBENCH

_classifier = partial(
    WorkloadFacts,
    family="cnn",
    library="torchvision",
    target="bench.workloads.classifiers:build_classifier",
    precisions=EVERY_PRECISION,
    memory_formats=EVERY_FORMAT,
    shape={"image_size": 224},
    bounds={"image_size": (64, 1024)},
    smoke_shape={"image_size": 64},
    unit="images",
)
_NO_MODEL = "TorchBench has no such model; batch sizes of ResNet-50 there"

WORKLOADS = (
    _classifier(
        name="resnet50",
        parameters=25_557_032,
        summary="ResNet-50 v1.5 classifies images; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/resnet50",
        batch_size={"inference": 32, "training": 32},
    ),
    _classifier(
        name="resnet18",
        summary="ResNet-18 classifies images; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/resnet18",
        batch_size={"inference": 8, "training": 16},
    ),
    _classifier(
        name="resnet152",
        parameters=60_192_808,
        summary="ResNet-152 classifies images: 50 residual blocks; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/resnet152",
        batch_size={"inference": 32, "training": 32},
    ),
    _classifier(
        name="resnext50_32x4d",
        parameters=25_028_904,
        summary="ResNeXt-50 classifies images: convolutions in 32 groups; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/resnext50_32x4d",
        batch_size={"inference": 8, "training": 8},
    ),
    _classifier(
        name="alexnet",
        parameters=61_100_840,
        summary="AlexNet classifies images: five convolutions, large linear layers; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/alexnet",
        batch_size={"inference": 128, "training": 128},
    ),
    _classifier(
        name="vgg16",
        parameters=138_357_544,
        summary="VGG-16 classifies images: wide convolutions, and no norms; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/vgg16",
        batch_size={"inference": 4, "training": 64},
        bounds={"image_size": (32, 1024)},
        smoke_shape={"image_size": 32},
    ),
    _classifier(
        name="densenet121",
        summary="DenseNet-121 classifies images: each layer reads all before it; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/densenet121",
        batch_size={"inference": 64, "training": 256},
    ),
    _classifier(
        name="squeezenet1_1",
        summary="SqueezeNet 1.1 classifies images with few weights; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/squeezenet1_1",
        batch_size={"inference": 16, "training": 32},
    ),
    _classifier(
        name="mobilenet_v2",
        summary="MobileNet v2 classifies images: depthwise convolutions, little arithmetic; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/mobilenet_v2",
        batch_size={"inference": 16, "training": 96},
    ),
    _classifier(
        name="mobilenet_v3_large",
        summary="MobileNet v3 large classifies images: hard activations, squeeze and excitation; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/mobilenet_v3_large",
        batch_size={"inference": 32, "training": 32},
    ),
    _classifier(
        name="mnasnet1_0",
        summary="MNASNet 1.0 classifies images: depthwise convolutions of 5 × 5 pixels; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/mnasnet1_0",
        batch_size={"inference": 32, "training": 32},
    ),
    _classifier(
        name="shufflenet_v2_x1_0",
        summary="ShuffleNet v2 1.0 classifies images: channels split and shuffled; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/shufflenet_v2_x1_0",
        batch_size={"inference": 64, "training": 128},
    ),
    _classifier(
        name="efficientnet_b0",
        summary="EfficientNet B0 classifies images: SiLU, squeeze and excitation; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/timm_efficientnet, whose model this is, as torchvision has it",
        batch_size={"inference": 64, "training": 32},
    ),
    _classifier(
        name="regnet_y_8gf",
        parameters=39_381_472,
        summary="RegNetY 8 GF classifies images: convolutions in groups, squeeze and excitation; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/timm_regnet, which is RegNetY 12 GF",
        batch_size={"inference": 32, "training": 32},
    ),
    _classifier(
        name="convnext_tiny",
        parameters=28_589_128,
        summary="ConvNeXt tiny classifies images: depthwise 7 × 7, layer norms, GELU; training with Adam",
        source=_NO_MODEL,
        batch_size={"inference": 32, "training": 32},
        bounds={"image_size": (32, 1024)},
        smoke_shape={"image_size": 32},
    ),
)
