"""Digests of generated tensors: equal wherever the generator and the workload are the same.

A digest is the SHA-256 of one line for each tensor, in order of names: name, data type, shape, and the
SHA-256 of its little-endian bytes in logical order. So the tensors can be hashed in parallel.
"""

import hashlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bench.records.digest import Digest
from bench.workloads.parallel import run_parallel


def weights_digest(model: nn.Module) -> Digest:
    """Return the digest of all parameters of a model as generated in float32, before any training."""
    return _digest(dict(model.named_parameters()))


def inputs_digest(inputs: Mapping[str, Tensor]) -> Digest:
    """Return the digest of a workload's inputs as generated, before any cast."""
    return _digest(inputs)


def outputs_digest(outputs: Sequence[Tensor]) -> Digest:
    """Return the digest of a workload's outputs, named by their place."""
    return _digest({f"{place:06d}": output for place, output in enumerate(outputs)})


def _digest(tensors: Mapping[str, Tensor]) -> Digest:
    lines = run_parallel(_line, sorted(tensors.items()))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def _line(named: tuple[str, Tensor]) -> str:
    name, tensor = named
    content = tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().data
    shape = "x".join(map(str, tensor.shape))
    return f"{name} {tensor.dtype} {shape} {hashlib.sha256(content).hexdigest()}\n"
