"""ONNX Runtime: exported to ONNX and run by its CPU provider."""

from bench.backends.inductor import NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

_NO_AUTOCAST = "autocast is torch's own, and an export to ONNX Runtime leaves its casts out; use fp32"

_NO_TORCHAO = "the exporter to ONNX has no conversion of torchao's products; use inductor_freezing"

BACKEND = BackendFacts(
    name="onnxruntime",
    runner="bench.variants.backends.onnxruntime:OnnxRuntime",
    summary="torch.export to ONNX, run by ONNX Runtime's CPU provider",
    packages=("onnx", "onnxscript", "onnxruntime"),
    distributions=("flatbuffers", "ml-dtypes", "onnx", "onnx-ir", "onnxruntime", "onnxscript", "protobuf"),
    no_training="onnxruntime runs a forward pass, which has no gradients; train with eager or inductor",
    unsupported={
        "bf16": "ONNX Runtime has no bf16 kernels for CPUs; use fp32",
        "amp_bf16": _NO_AUTOCAST,
        "amp_fp16": _NO_AUTOCAST,
        "fx_int8": NO_PACKED_WEIGHTS.format("torch.export, which the ONNX exporter uses,"),
        "int8_weight_only": "ONNX Runtime has no bf16 kernels for CPUs, and activations are bf16; use inductor_freezing",
        "int4_weight_only": _NO_TORCHAO,
        "int8_dynamic": _NO_TORCHAO,
        # Inductor's quantizer leaves operations alone that Inductor would fuse; ONNX Runtime does not fuse them.
        "pt2e_int8": "pt2e_int8 is quantized where Inductor fuses, which leaves a fifth of MobileNet v2 in fp32 for "
        "ONNX Runtime and would judge it unfairly; use inductor_freezing or aot_inductor",
    },
    unsupported_in_family={
        "gnn": {
            "fp16": "ONNX Runtime cannot sum over neighbours in fp16 on CPUs (ScatterElements: MLFloat16 data type is "
            "not supported); use fp32"
        }
    },
    lays_out_itself=True,
    evidence={"providers": "CPUExecutionProvider:[0-9]+"},
)
