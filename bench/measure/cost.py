"""What one iteration costs at least: arithmetic, and memory traffic. The roofline needs both."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from bench.records.case import Case

# FlopCounterMode knows the attention kernels of GPUs only; without this, attention on a CPU counts nothing.
_CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - an operator's own name


def count_flops(call: Callable[[], object]) -> int:
    """Run a call once and count its floating-point operations.

    Matrix products, convolutions and attention are counted, two for each multiply-add, whole squares where
    attention is causal; element-wise work and sparse sums are not.

    Args:
        call: Eager; compiled code is not seen.
    """
    with FlopCounterMode(display=False, custom_mapping={_CPU_ATTENTION: _count_attention}) as counter:
        call()
    return int(counter.get_total_flops())


def _count_attention(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


def count_traffic(
    model: nn.Module, case: Case, *, inputs: Iterable[Tensor], outputs: Iterable[Tensor], state_bytes: int
) -> int:
    """The least bytes that one iteration must move: weights, inputs, outputs and state once each.

    Of an embedding only the rows that can be looked up count, unless another module multiplies by it.
    Autocast reads weights in float32, to cast them, unless they are frozen after the cast.

    Args:
        model: As it was timed.
        case: What it is called.
        inputs: Those that one iteration reads, as it reads them.
        outputs: Those of one iteration, of any data type; in training its loss and all gradients.
        state_bytes: What else it reads, such as a cache.
    """
    read = list(inputs)
    infers_low = case.mode == "inference" and case.precision != "fp32"
    lookups = sum(each.numel() for each in read if not each.is_floating_point())
    return (
        sum(each.nbytes for each in read)
        + sum(each.numel() for each in outputs) * (2 if infers_low else 4)
        + state_bytes
        + _weight_bytes(model, lookups=lookups, low=infers_low and case.backend == "inductor_freezing")
    )


def _weight_bytes(model: nn.Module, *, lookups: int, low: bool) -> int:
    tables = {id(each.weight): each.weight for each in model.modules() if isinstance(each, nn.Embedding)}
    multiplied = {
        id(parameter)
        for module in model.modules()
        if not isinstance(module, nn.Embedding)
        for parameter in module.parameters(recurse=False)
    }
    total = 0
    for parameter in model.parameters():
        if id(parameter) in tables and id(parameter) not in multiplied:
            total += min(lookups, parameter.shape[0]) * parameter[0].nbytes
        else:
            total += parameter.numel() * (2 if low and parameter.ndim > 1 else parameter.element_size())
    return total
