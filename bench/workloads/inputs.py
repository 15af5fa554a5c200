"""Generated inputs, as tensors."""

from math import prod

import numpy as np
import torch
from torch import Tensor

from bench.workloads.generator import fill_uniform, generate_integers


def uniform_tensor(name: str, shape: tuple[int, ...], *, deviation: float = 1.0) -> Tensor:
    """Make a float32 tensor, uniform about zero, with this standard deviation; the name selects the values."""
    values = np.empty(prod(shape), dtype=np.float32)
    fill_uniform([(name, deviation, values)])
    return torch.from_numpy(values).view(shape)


def integer_tensor(name: str, shape: tuple[int, ...], *, below: int) -> Tensor:
    """Make an int64 tensor of integers from 0 to `below` - 1; the name selects the values."""
    return torch.from_numpy(generate_integers(name, prod(shape), below=below)).view(shape)
