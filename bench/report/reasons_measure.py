"""Sentences of the reasons why a cell has no number, as `bench.stats.summary` gives them."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_MEASURE: Mapping[str, str] = MappingProxyType(
    {
        "not_measured": "not measured: the budget ended before it",
        "too_noisy": "too noisy: none of {repetitions} repetitions can be used ({invalid})",
    }
)
"""Code → sentence, with the names of values in braces."""
