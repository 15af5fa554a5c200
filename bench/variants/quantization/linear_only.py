"""Linear layers quantized by torchao, and all else in bf16, as language models are deployed.

`int8_weight_only` has a scale for each row of a weight, `int4_weight_only` a scale and a zero point for each group of a
row. Activations stay in bf16: Inductor has a kernel for int8 weights with bf16 activations only, and folds them back
into floating point beside others. In `int8_dynamic` activations are quantized too, by token, when they come.

Eager has kernels for int4 weights and for products in int8. It has none for int8 weights: it casts them to bf16 in every
call, which its time says.
"""

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from torch import nn
from torch.autograd.profiler import profile
from torchao.core.config import AOBaseConfig
from torchao.prototype.quantization.int4 import PrototypeInt4WeightOnlyConfig
from torchao.quantization import Int8DynamicActivationInt8WeightConfig, Int8WeightOnlyConfig, quantize_
from torchao.utils import TorchAOBaseTensor

from bench.interface.packing import count_held_bytes
from bench.records.case import Case
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.quantization.linear_layers import as_linear
from bench.variants.quantization.share import Share

PRODUCTS: Final = frozenset(
    {
        "aten::_int_mm",
        "aten::_weight_int4pack_mm_for_cpu",
        "aten::_weight_int8pack_mm",
        "aten::addmm",
        "aten::bmm",
        "aten::mm",
        "mkldnn::_linear_pointwise",
        "onednn::qlinear_pointwise",
    }
)
"""Operators that multiply matrices, by the profiler's names."""

_INT4_ROWS: Final = 16
"""`aten._convert_weight_to_int4pack_for_cpu` takes a multiple of them."""


class LinearOnly:
    """A model whose linear layers are quantized in place.

    Attributes:
        model: What a backend is to run.
    """

    def __init__(self, model: nn.Module, case: Case) -> None:
        self.model = model
        self._precision = case.precision
        self._bytes_before = count_weight_bytes(model)
        _rename_linear(model)
        model.requires_grad_(requires_grad=False)
        # torchao would set Inductor's configuration for the whole process otherwise.
        quantize_(model, _config(case), filter_fn=partial(_can_quantize, group_size=case.group_size))
        layers = [module for module in model.modules() if type(module) is nn.Linear]
        packed = sum(isinstance(layer.weight, TorchAOBaseTensor) for layer in layers)
        self._share = Share(int8=packed, eligible=len(layers))

    def evidence(self, call: Callable[[], object], observation: Observation) -> dict[str, str]:
        """Return how many linear layers are quantized, what their weights take, and which kernels multiply.

        Raises:
            NoEffectError: no layer is quantized, or the weights that are read are no smaller than before: a compiler
                has folded them back into floating point.
        """
        held = count_weight_bytes(self.model) if observation.constant_bytes is None else observation.constant_bytes
        if not self._share.int8 or held >= self._bytes_before:
            raise NoEffectError(
                f"{self._precision} took no effect: {self._share.int8} of {self._share.eligible} linear layers are "
                f"quantized, and the weights that are read take {held} bytes, {self._bytes_before} before"
            )
        return {
            "quantized_layers": f"{self._share.int8} of {self._share.eligible}",
            "weight_bytes_before": str(self._bytes_before),
            "weight_bytes_after": str(held),
            "product_kernels": _format(_count_products(call)),
        }


def count_weight_bytes(model: nn.Module) -> int:
    """Return the bytes of a model's parameters, each once, packed as they are."""
    return sum(map(count_held_bytes, model.parameters()))


def _can_quantize(module: nn.Module, _name: str, *, group_size: int | None) -> bool:
    """Return whether a layer is linear and can be packed; for int4, torch's kernel takes blocks of rows, and whole groups.

    Others stay in bf16, and the evidence counts them: a vocabulary of 50,257 tokens is such a layer.
    """
    if type(module) is not nn.Linear:
        return False
    return group_size is None or (module.out_features % _INT4_ROWS == 0 and module.in_features % group_size == 0)


def _config(case: Case) -> AOBaseConfig:
    if case.precision == "int8_weight_only":
        return Int8WeightOnlyConfig(set_inductor_config=False)
    if case.precision == "int8_dynamic":
        return Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
    if case.group_size is None:
        raise NoEffectError(
            f"{case.precision} needs a group size, and the case names none; choose one with --group-size"
        )
    return PrototypeInt4WeightOnlyConfig(group_size=case.group_size, set_inductor_config=False)


def _rename_linear(model: nn.Module) -> None:
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            linear = as_linear(child)
            if linear is not None and linear is not child:
                setattr(parent, name, linear)


def _count_products(call: Callable[[], object]) -> Counter[str]:
    os.environ["KINETO_LOG_LEVEL"] = "99"  # it writes a line to standard error at the start and at the end
    with profile() as profiled:
        call()
    return Counter({event.key: event.count for event in profiled.key_averages() if event.key in PRODUCTS})


def _format(counts: Counter[str]) -> str:
    return " ".join(f"{name}:{count}" for name, count in sorted(counts.items())) or "none"
