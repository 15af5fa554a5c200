"""The least that one iteration costs: operations, and memory traffic. The roofline needs both."""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from bench.records.case import Backend, Case, Precision

# FlopCounterMode knows the attention kernels of GPUs only; without this, attention on a CPU counts nothing.
_CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - an operator's own name


_INT8: frozenset[Precision] = frozenset({"fx_int8", "pt2e_int8"})
_LOW: frozenset[Precision] = frozenset({"bf16", "fp16", "amp_bf16", "amp_fp16"})
_FREEZING: frozenset[Backend] = frozenset({"inductor_freezing", "inductor_max_autotune", "torchscript"})
"""Backends that fold autocast's casts into the weights that they keep."""


def count_flops(call: Callable[[], object]) -> int:
    """Run a call once and count its floating-point operations.

    Matrix products, convolutions and attention are counted, two operations for each multiply-add. Causal attention counts
    as if nothing were masked. Element-wise work and sparse sums do not count.

    Args:
        call: Eager: the counter does not see into compiled code.
    """
    mapping = {
        _CPU_ATTENTION: _count_attention,
        torch.ops.aten.convolution_backward: _count_convolution_backward,
        torch.ops.aten.mm: _count_product,
    }
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        call()
    return int(counter.get_total_flops())


def _count_attention(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


def _count_product(left: Tensor, right: Tensor, *_: object, **__: object) -> int:
    """Count the product of two dense matrices, and none of sparse ones, which torch's own count takes for dense."""
    if not left.layout == right.layout == torch.strided:
        return 0
    return 2 * left.numel() * right.shape[1]


_count_product._get_raw = True  # type: ignore[attr-defined] # noqa: SLF001 - how torch hands over tensors, not shapes


def _count_convolution_backward(
    gradient: torch.Size,
    inputs: torch.Size,
    weight: torch.Size,
    *arguments: Any,  # noqa: ANN401 - what the operator takes
    out_shape: object,  # noqa: ARG001 - handed to every formula
) -> int:
    """Count the gradients of input and weight; each takes as many operations as the forward pass.

    torch's own count ignores groups: for the weight's gradient it is too high by their number.
    """
    transposed, wanted = arguments[4], arguments[7]
    batch, _, *places = inputs if transposed else gradient
    gradients: int = sum(wanted[:2])
    return 2 * batch * prod(places) * weight.numel() * gradients


def count_traffic(
    model: nn.Module, case: Case, *, inputs: Iterable[Tensor], outputs: Iterable[Tensor], state_bytes: int
) -> int:
    """Return the least bytes that one iteration must move: weights, inputs, outputs and state once each.

    Of an embedding only the rows that can be looked up count, unless another module multiplies by it. Those of
    embedding bags are state, as the same row may be summed up many times.
    Autocast reads weights in float32, to cast them, unless they are frozen after the cast. In int8 an element of a
    weight matrix is one byte, and outputs are float32.

    Args:
        model: As it was built, before quantization.
        case: Mode, precision and backend decide how wide an element is.
        inputs: Of one iteration, in the data types that it reads.
        outputs: Of one iteration, in any data type; in training its loss and all gradients.
        state_bytes: What else it reads, such as the keys and values of earlier tokens.
    """
    read = list(inputs)
    infers_low = case.mode == "inference" and case.precision in _LOW
    lookups = sum(tensor.numel() for tensor in read if not tensor.is_floating_point())
    return (
        sum(tensor.nbytes for tensor in read)
        + sum(tensor.numel() for tensor in outputs) * (2 if infers_low else 4)
        + state_bytes
        + _weight_bytes(model, lookups=lookups, matrix_element_bytes=_matrix_element_bytes(case))
    )


def _matrix_element_bytes(case: Case) -> int | None:
    """Return the bytes of an element of a weight matrix; None where they are those of the model's own data type."""
    if case.precision in _INT8:
        return 1
    frozen = case.mode == "inference" and case.backend in _FREEZING
    return 2 if frozen and case.precision in _LOW else None


def _weight_bytes(model: nn.Module, *, lookups: int, matrix_element_bytes: int | None) -> int:
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    bags = {id(module.weight) for module in model.modules() if isinstance(module, nn.EmbeddingBag)}
    multiplied = {
        id(parameter)
        for module in model.modules()
        if not isinstance(module, nn.Embedding)
        for parameter in module.parameters(recurse=False)
    }
    total = 0
    for parameter in model.parameters():
        if id(parameter) in bags:
            continue
        if id(parameter) in embeddings and id(parameter) not in multiplied:
            total += min(lookups, parameter.shape[0]) * parameter[0].nbytes
        else:
            held = parameter.element_size()
            total += parameter.numel() * (matrix_element_bytes or held if parameter.ndim > 1 else held)
    return total
