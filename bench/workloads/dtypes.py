"""The data types of a precision, as torch has them."""

import torch

from bench.records.case import Precision
from bench.records.precision import PRECISION_FACTS


def weights_dtype(precision: Precision) -> torch.dtype:
    """Return the data type that weights are built in: float32 for autocast, and for int8, which is quantized from it."""
    dtype: torch.dtype = getattr(torch, PRECISION_FACTS[precision].weights)
    return dtype


def activations_dtype(precision: Precision) -> torch.dtype:
    """Return the data type of the results of linear layers, which a key-value cache has to hold."""
    dtype: torch.dtype = getattr(torch, PRECISION_FACTS[precision].computes)
    return dtype
