"""Eager: torch runs one operator after another, as Python calls them."""

from bench.records.backend import BackendFacts
from bench.records.case import REFERENCE_BACKEND

BACKEND = BackendFacts(
    name=REFERENCE_BACKEND,
    runner="bench.variants.backends.eager:Eager",
    summary="torch as it is: one operator after another",
    unsupported={
        "pt2e_int8": "pt2e_int8 is a graph that multiplies in fp32 until Inductor compiles int8 kernels from it, which "
        "eager does not; use inductor_freezing or aot_inductor"
    },
)
