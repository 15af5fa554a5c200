"""Reasons of `bench.run.replacement` as sentences: what replaces a library, what that may cost, and how to get it."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_REPLACEMENT: Mapping[str, str] = MappingProxyType(
    {
        "openmp_replaced": "OpenMP runtime {replacement} replaces {name}, which the profile prefers and which is not installed; threads may start and join more slowly; to use {name}, install {package}",
        "allocator_replaced": "allocator {replacement} replaces {name}, which the profile prefers and which is not installed; cells that allocate much may be slower; to use {name}, install {package}",
    }
)
"""Code → sentence."""
