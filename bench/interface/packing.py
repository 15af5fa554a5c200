"""Tensors that consist of others, as packed weights do: data, scales and zero points."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def list_parts(tensor: "Tensor") -> "list[Tensor]":
    """Return the plain tensors that a tensor consists of; a plain one consists of itself."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return [tensor]
    names, _ = flatten()
    return [part for name in names for part in list_parts(getattr(tensor, name))]


def count_held_bytes(tensor: "Tensor") -> int:
    """Return the bytes of all parts of a tensor."""
    return sum(part.nbytes for part in list_parts(tensor))
