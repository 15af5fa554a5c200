"""zentorch: AMD's plug-in of Inductor, whose operators run ZenDNN's kernels."""

from bench.backends.inductor import COMPILER_VARIABLES, COUNT, FROZEN, NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

_PACKED_TWICE = "zentorch packs these weights in place and then reads them as they were, so outputs are wrong; use inductor_freezing"

BACKEND = BackendFacts(
    name="zentorch",
    runner="bench.variants.backends.zentorch:ZenTorch",
    summary="torch.compile with AMD's plug-in: weights as constants, ZenDNN's kernels",
    packages=("zentorch",),
    distributions=("deprecated", "wrapt", "zentorch"),
    no_training="zentorch replaces operators of a forward pass, which have no gradients; train with eager or inductor",
    unsupported={
        "fx_int8": NO_PACKED_WEIGHTS.format("Inductor"),
        # Seen in 2.14.0.1: "reorderAndCacheWeights: weight-cache miss on a buffer an earlier in-place reorder already
        # rewrote", and outputs that are not finite or wrong.
        "int8_weight_only": _PACKED_TWICE,
        "int4_weight_only": _PACKED_TWICE,
    },
    folds_casts=True,
    compiles=True,
    variables=(*COMPILER_VARIABLES, "ZENTORCH_*", "ZENDNN*"),
    ignored_variables=("TORCHINDUCTOR_FREEZING",),  # it freezes whatever the variable says
    vendors=("AuthenticAMD",),
    isa=("avx512f",),
    no_machine="zentorch is made by AMD for its own CPUs with AVX-512; use inductor_freezing",
    evidence={**FROZEN, "zentorch_operators": COUNT},
)
