"""Sentences of reasons that histories and bisections give."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_HISTORY: Mapping[str, str] = MappingProxyType(
    {
        "not_verified": "{error}",
        "interleaved": "its repetitions were interleaved by bench ab, so it is no run of a series",
        "no_valid_repetition": "no cell has a valid repetition: noise voided them, or they failed",
        "measured_once": "holds the same run or the same measurements as {bundle}",
        "trial_undecided": "too noisy, or too few repetitions, to say whether it is slower",
        "trial_failed": "cells failed; bench show prints why",
        "trial_not_comparable": "not comparable, or no cell has a verdict; bench show prints why",
        "trial_not_installed": "{error}",
        "known_not_found": "the known change at run {run} (owner {owner}, {date}) is not found; remove its entry",
    }
)
"""Code → sentence."""
