"""Inductor with freezing: weights are constants."""

from bench.backends.inductor import COMPILER_VARIABLES, FROZEN, NO_PACKED_WEIGHTS
from bench.records.backend import BackendFacts

BACKEND = BackendFacts(
    name="inductor_freezing",
    runner="bench.variants.backends.inductor_freezing:InductorFreezing",
    summary="torch.compile with weights as constants, packed for the CPU",
    no_training="inductor_freezing makes weights constants, and training changes them; train with eager or inductor",
    unsupported={"fx_int8": NO_PACKED_WEIGHTS.format("Inductor")},
    folds_casts=True,
    compiles=True,
    variables=COMPILER_VARIABLES,
    ignored_variables=("TORCHINDUCTOR_FREEZING",),  # it freezes whatever the variable says
    evidence=FROZEN,
)
