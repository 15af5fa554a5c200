"""Inductor as torch.compile uses it by default, and what all backends built on Inductor share."""

from bench.records.backend import BackendFacts

COMPILER_VARIABLES = ("TORCHINDUCTOR_*", "TORCHDYNAMO_*", "TORCH_COMPILE_*")
"""Environment variables that torch._inductor.config, torch._dynamo.config and torch.compiler read."""

NO_PACKED_WEIGHTS = (
    "fx_int8 packs its weights into objects of torch that {} cannot take in; use eager or torchscript, or pt2e_int8"
)
"""With the name of what fails on them: torch.export and Inductor trace tensors only."""

COUNT = "[1-9][0-9]*"
"""Evidence that is counted, and is not 0 where a backend took effect."""

COMPILED = {"compiled_graphs": COUNT, "frames_compiled": "[0-9]+/[0-9]+"}
"""The evidence of `torch.compile`."""

FROZEN = {**COMPILED, "frozen_weights": COUNT}
"""The evidence of `torch.compile` with weights as constants."""

BACKEND = BackendFacts(
    name="inductor",
    runner="bench.variants.backends.inductor:Inductor",
    summary="torch.compile with its default settings",
    unsupported={
        "fx_int8": NO_PACKED_WEIGHTS.format("Inductor"),
        "pt2e_int8": "pt2e_int8 needs weights that are constants, so that Inductor can pack them for int8 kernels; use "
        "inductor_freezing or aot_inductor",
    },
    compiles=True,
    variables=COMPILER_VARIABLES,
    evidence=COMPILED,
    added_evidence={"frozen_weights": COUNT},  # by TORCHINDUCTOR_FREEZING
)
