"""The least that one iteration costs: floating-point operations and memory traffic. The roofline needs both."""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from bench.backends.registry import find_backend
from bench.interface.packing import count_held_bytes
from bench.records.case import Case
from bench.records.precision import PRECISION_FACTS

# FlopCounterMode knows the attention kernels of GPUs only; without this, attention on a CPU counts nothing.
_CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - an operator's own name


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
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call] # torch gives it no types


def _count_product(left: Tensor, right: Tensor, *_: object, **__: object) -> int:
    """Count the product of two dense matrices, and 0 for a sparse one, which torch's own formula counts as dense."""
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
    """Count the gradients of input and weight, as much as the forward pass each.

    torch's own formula ignores groups, and is too high by their number for the weight's gradient.
    """
    transposed, wanted = arguments[4], arguments[7]
    batch, _, *places = inputs if transposed else gradient
    gradients: int = sum(wanted[:2])
    return 2 * batch * prod(places) * weight.numel() * gradients


def count_traffic(
    model: nn.Module, case: Case, *, inputs: Iterable[Tensor], outputs: Iterable[Tensor], state_bytes: int
) -> int:
    """Return the least bytes that one iteration must move: weights, inputs, outputs and state once each.

    Of an embedding only the rows that can be looked up count, unless another module multiplies by it. Embedding bags
    count as state, since one iteration may sum the same row many times.
    Autocast reads weights in float32, to cast them, unless they are frozen after the cast. Weights that torchao packed
    are read as they are packed, with scales and zero points. Other int8 is one byte for each element of a matrix.

    Args:
        model: As it is run, with packed weights; before quantization where that makes another model, or an engine does it.
        case: The model's case.
        inputs: Those that one iteration reads, as it reads them.
        outputs: Those of one iteration, of any data type; in training its loss and all gradients.
        state_bytes: Bytes of what else it reads, such as a cache.
    """
    read = list(inputs)
    infers_low = case.mode == "inference" and PRECISION_FACTS[case.precision].computes != "float32"
    lookups = sum(tensor.numel() for tensor in read if not tensor.is_floating_point())
    return (
        sum(tensor.nbytes for tensor in read)
        + sum(tensor.numel() for tensor in outputs) * (2 if infers_low else 4)
        + state_bytes
        + _weight_bytes(model, case, lookups=lookups)
    )


def _weight_bytes(model: nn.Module, case: Case, *, lookups: int) -> int:
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    bags = {id(module.weight) for module in model.modules() if isinstance(module, nn.EmbeddingBag)}
    multiplied = {
        id(parameter)
        for module in model.modules()
        if not isinstance(module, nn.Embedding)
        for parameter in nn.Module.parameters(module, recurse=False)  # a model may give it other arguments
    }
    total = 0
    for parameter in model.parameters():
        if id(parameter) in bags:
            continue
        if id(parameter) in embeddings and id(parameter) not in multiplied:
            total += min(lookups, parameter.shape[0]) * parameter[0].nbytes
        else:
            total += int(_matrix_bytes(parameter, case)) if parameter.ndim > 1 else parameter.nbytes
    return total


def _matrix_bytes(parameter: Tensor, case: Case) -> float:
    """Return the bytes of a matrix, or of weights of more dimensions, as an iteration reads them."""
    facts = PRECISION_FACTS[case.precision]
    if facts.linear_only:
        engine = case.precision in find_backend(case.backend).quantizes
        return _compressed_bytes(parameter, case.group_size) if engine else count_held_bytes(parameter)
    if facts.weight_bits is not None:
        return parameter.numel() * facts.weight_bits / 8
    frozen = case.mode == "inference" and find_backend(case.backend).folds_casts
    return parameter.numel() * (2 if frozen and facts.computes != "float32" else parameter.element_size())


def _compressed_bytes(parameter: Tensor, group_size: int | None) -> float:
    """Return the bytes of a matrix that an engine compresses.

    In int8 each row has a scale of two bytes. In int4 each group of a row has one, and a zero point of four bits; a matrix
    whose rows cannot be divided into groups stays as it is.
    """
    columns = parameter.shape[-1]
    if group_size is None:
        return parameter.numel() * (1 + 2 / columns)
    return parameter.nbytes if columns % group_size else parameter.numel() * (0.5 + 2.5 / group_size)
