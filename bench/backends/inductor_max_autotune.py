"""Inductor with max-autotune: matrix products are tuned, weights are constants."""

from bench.backends.inductor import COMPILER_VARIABLES, COUNT, FROZEN, NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

BACKEND = BackendFacts(
    name="inductor_max_autotune",
    runner="bench.variants.backends.inductor_max_autotune:InductorMaxAutotune",
    summary="torch.compile with mode max-autotune and weights as constants",
    no_training="inductor_max_autotune tunes products by weights that are constants, and training changes them; train "
    "with eager or inductor",
    unsupported={
        "fx_int8": NO_PACKED_WEIGHTS.format("Inductor"),
        "int8_dynamic": "Inductor has no template to tune for torchao's products in int8; use inductor_freezing",
    },
    folds_casts=True,
    compiles=True,
    variables=COMPILER_VARIABLES,
    ignored_variables=("TORCHINDUCTOR_FREEZING",),  # it freezes whatever the variable says
    evidence={**FROZEN, "products_tuned": COUNT},
)
