"""OpenVINO: the exported model converted and compiled for the CPU."""

from bench.records.backend import BackendFacts

_NO_FP16_UNITS = (
    "OpenVINO computes fp16 in fp32 on CPUs without AMX-FP16, which Linux does not report; use fp32, bf16 or amp_bf16"
)

BACKEND = BackendFacts(
    name="openvino",
    runner="bench.variants.backends.openvino:OpenVino",
    summary="torch.export, converted and compiled by OpenVINO's CPU plugin",
    packages=("openvino",),
    distributions=("openvino", "openvino-telemetry"),
    no_training="openvino runs a forward pass, which has no gradients; train with eager or inductor",
    unsupported={
        "fp16": _NO_FP16_UNITS,
        "amp_fp16": _NO_FP16_UNITS,
        "fx_int8": "OpenVINO rounds at other places than the graph of fx_int8, and its error is larger than int8 "
        "explains; use eager or torchscript",
        "int8_dynamic": "OpenVINO quantizes activations in groups and not by token, which is another precision; use "
        "int8_weight_only or int4_weight_only",
        "pt2e_int8": "OpenVINO cannot convert the weights that pt2e_int8 folds to int8; use inductor_freezing or "
        "aot_inductor",
    },
    unsupported_in_family={
        "llm": {
            "amp_bf16": "the key-value cache is bf16 under autocast, and an export to OpenVINO leaves autocast's casts "
            "out, so attention gets both bf16 and fp32; use bf16"
        }
    },
    lays_out_itself=True,
    quantizes=("int8_weight_only", "int4_weight_only"),
    evidence={"devices": "CPU"},
)
