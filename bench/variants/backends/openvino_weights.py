"""Weight compression for OpenVINO: matrices as integers with scales, which the CPU plugin's products decompress as they read.

OpenVINO's own tool for it is a package apart (NNCF). What its runtime needs is a pattern in the model: integer constant →
Convert → Subtract (zero point) → Multiply (scale) → Reshape → MatMul. It is written here in the same way: int8 symmetric
with a scale for each row, int4 with a scale and a zero point for each group of a row (`INT8_SYM` and `INT4_ASYM` of
`nncf.compress_weights`). Only matrices that layers multiply by are compressed; tables of embeddings stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import openvino
import torch
from openvino import opset13 as ops
from torch import Tensor

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Compressed:
    """What became of a model's weights.

    Attributes:
        layers: Products by a constant matrix whose matrix is compressed.
        eligible: All products by a constant matrix.
        bytes_before, bytes_after: Of the model's constants.
        element: The type of compressed weights, by OpenVINO's name.
        dtype: The same, by torch's.
    """

    layers: int
    eligible: int
    bytes_before: int
    bytes_after: int
    element: Literal["i8", "u4"]
    dtype: Literal["int8", "uint4"]


def compress_weights(model: openvino.Model, group_size: int | None) -> Compressed:
    """Compress the matrices of a model's linear layers in place: to int4 in groups, or to int8 without a group size.

    A matrix whose rows cannot be divided into such groups stays as it is.
    """
    before = count_constant_bytes(model)
    products = list(_find_products(model))
    layers = 0
    for product in products:
        constant = product.input_value(1).get_node()
        rows, columns = constant.output(0).get_shape()
        if group_size is None or columns % group_size == 0:
            product.input(1).replace_source_output(_decompress(constant, rows, columns, group_size).output(0))
            layers += 1
    model.validate_nodes_and_infer_types()
    return Compressed(
        layers=layers,
        eligible=len(products),
        bytes_before=before,
        bytes_after=count_constant_bytes(model),
        element="i8" if group_size is None else "u4",
        dtype="int8" if group_size is None else "uint4",
    )


def count_constant_bytes(model: openvino.Model) -> int:
    """Return the bytes of all constants of a model, each once."""
    return sum(op.get_byte_size() for op in model.get_ordered_ops() if op.get_type_name() == "Constant")


def _find_products(model: openvino.Model) -> Iterator[Any]:
    """Yield the products of activations by a constant matrix, one row for each output."""
    for op in model.get_ordered_ops():
        if op.get_type_name() == "MatMul" and op.get_attributes()["transpose_b"]:
            weight = op.input_value(1).get_node()
            if weight.get_type_name() == "Constant" and len(weight.output(0).get_shape()) == 2:
                yield op


def _decompress(constant: Any, rows: int, columns: int, group_size: int | None) -> Any:  # noqa: ANN401 - the package has no types for nodes
    dtype = constant.get_element_type()
    weight = torch.from_numpy(np.array(constant.get_data(dtype=np.float32)))
    if group_size is None:
        scale = weight.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        values = (weight / scale).round().to(torch.int8).numpy()
        return ops.multiply(ops.convert(ops.constant(values), dtype), _scale(scale, dtype))
    groups = weight.view(rows, columns // group_size, group_size)
    low, high = groups.amin(dim=2, keepdim=True).clamp_max(0), groups.amax(dim=2, keepdim=True).clamp_min(0)
    scale = (high - low).clamp_min(1e-12) / 15
    zero = (-low / scale).round()
    levels = (groups / scale + zero).round().clamp(0, 15)
    centred = ops.subtract(ops.convert(_pack(levels), dtype), ops.convert(_pack(zero), dtype))
    return ops.reshape(ops.multiply(centred, _scale(scale, dtype)), [rows, columns], special_zero=False)


def _scale(scale: Tensor, dtype: Any) -> Any:  # noqa: ANN401 - as above
    return ops.convert(ops.constant(scale.numpy().astype(np.float16)), dtype)


def _pack(values: Tensor) -> Any:  # noqa: ANN401 - as above
    """Return a constant of four bits a value, two in a byte, the first in its lower half."""
    flat: Array = values.to(torch.uint8).numpy().reshape(-1)
    flat = np.append(flat, np.zeros(flat.size % 2, dtype=np.uint8))
    held = openvino.Tensor(openvino.Type.u4, openvino.Shape(list(values.shape)))
    held.data[:] = (flat[::2] | (flat[1::2] << 4)).reshape(held.data.shape)
    return ops.constant(held)
