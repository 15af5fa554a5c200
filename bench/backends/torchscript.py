"""TorchScript: traced, frozen, and fused by oneDNN Graph."""

from bench.records.backend import BackendFacts

BACKEND = BackendFacts(
    name="torchscript",
    runner="bench.variants.backends.torchscript:TorchScript",
    summary="traced and frozen, operators fused by oneDNN Graph",
    no_training="torchscript is frozen, which makes weights constants, and training changes them; train with eager or "
    "inductor",
    unsupported={
        "pt2e_int8": "pt2e_int8 is a graph that multiplies in fp32 until Inductor compiles int8 kernels from it, which "
        "TorchScript does not; use inductor_freezing or aot_inductor",
        "int8_weight_only": "torch casts int8 weights in every call, and what TorchScript folds of that when it freezes is "
        "not seen; use inductor_freezing",
        "int4_weight_only": "TorchScript cannot trace torchao's int4 tensors (aten.equal); use inductor_freezing",
        "int8_dynamic": "TorchScript fails to trace torchao's products (iter->isIntList()); use inductor_freezing",
    },
    folds_casts=True,
    evidence={"frozen_weights": "[0-9]+", "operators_fused": "[0-9]+"},
)
