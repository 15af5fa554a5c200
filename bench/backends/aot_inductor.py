"""AOTInductor: exported, compiled into a package, and run without Python."""

from bench.backends.inductor import COMPILER_VARIABLES, NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

BACKEND = BackendFacts(
    name="aot_inductor",
    runner="bench.variants.backends.aot_inductor:AotInductor",
    summary="torch.export, compiled ahead of time into a package with frozen weights",
    no_training="aot_inductor packages a forward pass, which has no gradients; train with eager or inductor",
    unsupported={"fx_int8": NO_PACKED_WEIGHTS.format("AOTInductor")},
    # Seen in torch 2.14.1: two layers of 1024 × 1024 under bf16 autocast give a package of 5.8 MB, and 8.4 MB in float32.
    folds_casts=True,
    packages_model=True,
    compiles=True,
    variables=COMPILER_VARIABLES,
    ignored_variables=("TORCHINDUCTOR_FREEZING",),  # it freezes whatever the variable says
)
