"""Tensors that consist of others, as packed weights do: data, scales and zero points."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def count_held_bytes(tensor: "Tensor") -> int:
    """Return the bytes of a tensor; of one that consists of others, such as torchao's packed weights, theirs."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return tensor.nbytes
    names, _ = flatten()
    return sum(count_held_bytes(getattr(tensor, name)) for name in names)
