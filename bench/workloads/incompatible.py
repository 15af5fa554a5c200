"""What cannot be combined in any workload, with the reasons: each was found by trying."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.records.case import Backend, Family, Precision

LAYS_OUT_ITSELF: frozenset[Backend] = frozenset({"onnxruntime", "openvino"})
"""Backends whose engines choose the memory format."""

_NO_GRADIENT = "int8 is made of weights that are trained already, as rounding has no gradient; train in amp_bf16"
NO_TRAINING_IN: Mapping[Precision, str] = MappingProxyType(
    {
        "bf16": "weights held in bf16 lose every update smaller than 1/256 of them; train in amp_bf16",
        "fp16": "weights held in fp16 lose every update smaller than 1/2048 of them; train in amp_fp16",
        "fx_int8": _NO_GRADIENT,
        "pt2e_int8": _NO_GRADIENT,
    }
)
_TRAIN = "train with eager or inductor"
NO_TRAINING_WITH: Mapping[Backend, str] = MappingProxyType(
    {
        "torchscript": f"torchscript is frozen, which makes weights constants, and training changes them; {_TRAIN}",
        "inductor_freezing": f"inductor_freezing makes weights constants, and training changes them; {_TRAIN}",
        "inductor_max_autotune": "inductor_max_autotune tunes products by weights that are constants, and training "
        f"changes them; {_TRAIN}",
        "aot_inductor": f"aot_inductor packages a forward pass, which has no gradients; {_TRAIN}",
        "onnxruntime": f"onnxruntime runs a forward pass, which has no gradients; {_TRAIN}",
        "openvino": f"openvino runs a forward pass, which has no gradients; {_TRAIN}",
    }
)
_PACKED = (
    "fx_int8 packs its weights into objects of torch that {} cannot take in; use eager or torchscript, or pt2e_int8"
)
_REFERENCE = (
    "pt2e_int8 is a graph that multiplies in fp32 until Inductor makes int8 kernels of it, which {} does not; "
    "use inductor_freezing or aot_inductor"
)
_OF_TORCH = "autocast is torch's own, and an export to {} leaves its casts out; use fp32"
_FP16_UNITS = (
    "OpenVINO computes fp16 in fp32 on CPUs without AMX-FP16, of which Linux does not tell; use fp32, bf16 or amp_bf16"
)
NOT_TOGETHER: Mapping[tuple[Precision, Backend], str] = MappingProxyType(
    {
        ("fx_int8", "inductor"): _PACKED.format("Inductor"),
        ("fx_int8", "inductor_freezing"): _PACKED.format("Inductor"),
        ("fx_int8", "inductor_max_autotune"): _PACKED.format("Inductor"),
        ("fx_int8", "aot_inductor"): _PACKED.format("AOTInductor"),
        ("fx_int8", "onnxruntime"): _PACKED.format("torch.export, which ONNX is made by,"),
        ("fx_int8", "openvino"): "OpenVINO rounds elsewhere than the graph of fx_int8 says, and misses torch's result "
        "by more than int8 costs; use eager or torchscript",
        ("bf16", "onnxruntime"): "ONNX Runtime has no bf16 kernels for CPUs; use fp32",
        ("amp_bf16", "onnxruntime"): _OF_TORCH.format("ONNX Runtime"),
        ("amp_fp16", "onnxruntime"): _OF_TORCH.format("ONNX Runtime"),
        ("fp16", "openvino"): _FP16_UNITS,
        ("amp_fp16", "openvino"): _FP16_UNITS,
        ("pt2e_int8", "eager"): _REFERENCE.format("eager"),
        ("pt2e_int8", "torchscript"): _REFERENCE.format("TorchScript"),
        ("pt2e_int8", "inductor"): "pt2e_int8 needs weights that are constants, so that Inductor can pack them for "
        "int8 kernels; use inductor_freezing or aot_inductor",
        (
            "pt2e_int8",
            "onnxruntime",
        ): "pt2e_int8 is quantized where Inductor fuses, which leaves ONNX Runtime a fifth of "
        "MobileNet v2 in fp32 and would judge it unfairly; use inductor_freezing or aot_inductor",
        ("pt2e_int8", "openvino"): "OpenVINO cannot convert the weights that pt2e_int8 folds to int8; use "
        "inductor_freezing or aot_inductor",
    }
)
"""Precision and backend → why they do not go together."""
NOT_OF_FAMILY: Mapping[tuple[Family, Precision], str] = MappingProxyType(
    {
        ("llm", "pt2e_int8"): "torch.export takes no input of the class that holds the cache of keys and values "
        "(StaticCache of transformers); use fx_int8",
    }
)
"""Family and precision → why they do not go together, for inference."""

NOT_OF_FAMILY_WITH: Mapping[tuple[Family, Precision, Backend], str] = MappingProxyType(
    {
        (
            "llm",
            "amp_bf16",
            "openvino",
        ): "the cache of keys and values is bf16 under autocast, whose casts an export to "
        "OpenVINO leaves out, so that attention gets both; use bf16",
        ("gnn", "fp16", "onnxruntime"): "ONNX Runtime cannot sum over neighbours in fp16 on CPUs (ScatterElements: "
        "MLFloat16 data type is not supported); use fp32",
    }
)
"""Family, precision and backend → why they do not go together."""
