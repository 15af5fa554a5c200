"""AOTInductor: exported, compiled into a package, and run without Python."""

from bench.backends.inductor import COMPILER_VARIABLES, COUNT, NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

_NOT_SEEN = "what a package holds of torchao's quantized weights is not seen from outside; use inductor_freezing"

BACKEND = BackendFacts(
    name="aot_inductor",
    runner="bench.variants.backends.aot_inductor:AotInductor",
    summary="torch.export, compiled ahead of time into a package with frozen weights",
    no_training="aot_inductor packages a forward pass, which has no gradients; train with eager or inductor",
    unsupported={
        "fx_int8": NO_PACKED_WEIGHTS.format("AOTInductor"),
        # Seen in torch 2.14.1: its products are oneDNN's in bf16, where inductor_freezing has _weight_int8pack_mm.
        "int8_weight_only": "AOTInductor folds int8 weights back into bf16; use inductor_freezing",
        "int4_weight_only": _NOT_SEEN,
        "int8_dynamic": _NOT_SEEN,
    },
    # Seen in torch 2.14.1: two layers of 1024 × 1024 under bf16 autocast give a package of 5.8 MB, and 8.4 MB in float32.
    folds_casts=True,
    packages_model=True,
    compiles=True,
    variables=COMPILER_VARIABLES,
    ignored_variables=("TORCHINDUCTOR_FREEZING",),  # it freezes whatever the variable says
    evidence={"compiled_graphs": COUNT, "package_bytes": COUNT},
)
