"""int8 by torch.fx: static where a model convolves, dynamic in its other linear layers.

Static: the largest parts of a model with convolutions that torch.fx can trace become one int8 graph each, so that
activations stay int8 from one convolution to the next. The case's own inputs calibrate their scales. Parts with a layer
norm follow the second rule: norms over channels go with residual sums that are never normalised, whose range is too
wide for 8 bits (ViT-B/16, static as a whole, has a relative error of a quarter).

Dynamic: linear layers outside of those graphs have int8 weights, and scale each activation when they see it.
Transformers, graph networks and recommendation have these only. Embedding bags have int8 tables.

Layers that are linear under another name are converted first (`linear_layers`). Layers that are never called, since the model reads their weights itself, stay in floating point:
those of `nn.MultiheadAttention` and of Swin's windows.

TorchBench quantizes each traceable child of a model by itself, statically, and transformers too.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final, cast

import torch
from torch import nn
from torch.ao.nn.quantized import EmbeddingBag
from torch.ao.nn.quantized.dynamic import Linear as DynamicLinear
from torch.ao.quantization import (
    QConfigMapping,
    default_dynamic_qconfig,
    float_qparams_weight_only_qconfig,
    get_default_qconfig_mapping,
    per_channel_dynamic_qconfig,
)
from torch.ao.quantization.fx.custom_config import PrepareCustomConfig
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
from typing_extensions import override

from bench.records.case import QuantEngine
from bench.variants.quantization.linear_layers import as_linear

_CONVOLUTIONS: Final = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def quantize_by_fx(model: nn.Module, engine: QuantEngine, calibrate: Callable[[nn.Module], None]) -> nn.Module:
    """Quantize a model in place as far as possible, and return it, or the graph that replaces all of it.

    Args:
        model: Float32, in evaluation mode. Its linear layers are replaced even where a graph is returned.
        engine: The effective quantization engine.
        calibrate: Runs a model over the inputs that calibrate its scales.
    """
    holder = nn.ModuleDict({"model": model})
    with warnings.catch_warnings():
        # torch's own deprecations; where warnings are errors, one must not look like a failure to trace.
        warnings.simplefilter("ignore")
        if engine == "qnnpack":
            _keep_clamps_floating(holder)
        prepared = _prepare_static(holder, "model", get_default_qconfig_mapping(engine))
        called = _called_by(holder, lambda: calibrate(holder["model"]))
        for parent, name in prepared:
            setattr(parent, name, convert_fx(cast("torch.fx.GraphModule", parent.get_submodule(name))))
        _replace_linear(holder, engine, called)
    return holder["model"]


def _called_by(model: nn.Module, run: Callable[[], None]) -> set[nn.Module]:
    """Return the modules that a run calls; the model reads the weights of others itself, as Swin's attention does."""
    called: set[nn.Module] = set()
    hooks = [
        module.register_forward_pre_hook(lambda called_module, _: called.add(called_module))
        for module in model.modules()
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return called


class _LoneConvolution(nn.Module):
    """A graph that replaces one convolution; the modules around it may still read the convolution's attributes."""

    def __init__(self, convolution: nn.Module, graph: nn.Module) -> None:
        super().__init__()
        self.graph = graph
        self._replaced = (convolution,)  # in a tuple, so that it is no part of this module

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.graph(x)
        return output

    @override
    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["_replaced"][0], name)


class _FloatingClamp(nn.Module):
    """A clamp that torch.fx neither traces nor quantizes, so that it runs on dequantized values.

    QNNPACK's clamp in torch 2.14.1 reads a channels_last tensor, the format of its convolutions, as contiguous,
    and so permutes its values.
    """

    def __init__(self, clamp: nn.Hardtanh) -> None:
        super().__init__()
        self._least, self._greatest = clamp.min_val, clamp.max_val

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.clamp(self._least, self._greatest)


def _keep_clamps_floating(model: nn.Module) -> None:
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Hardtanh):
                setattr(parent, name, _FloatingClamp(child))


def _prepare_static(parent: nn.Module, name: str, mapping: QConfigMapping) -> list[tuple[nn.Module, str]]:
    """Insert observers into the largest traceable parts below a name; return where they are."""
    module = parent.get_submodule(name)
    inner = list(module.modules())
    if not any(isinstance(part, _CONVOLUTIONS) for part in inner):
        return []
    if not any(isinstance(part, nn.LayerNorm) for part in inner):
        single = isinstance(module, _CONVOLUTIONS)
        graph = _trace(nn.Sequential(module) if single else module, mapping)
        if graph is not None and single:
            lone = _LoneConvolution(module, graph)
            setattr(parent, name, lone)
            return [(lone, "graph")]
        if graph is not None:
            setattr(parent, name, graph)
            return [(parent, name)]
    return [found for child, _ in list(module.named_children()) for found in _prepare_static(module, child, mapping)]


def _trace(module: nn.Module, mapping: QConfigMapping) -> nn.Module | None:
    custom = PrepareCustomConfig().set_non_traceable_module_classes([_FloatingClamp])
    try:
        graph: nn.Module = prepare_fx(module, mapping, (), custom)
    except Exception:  # noqa: BLE001 - tracing runs the model's own code on proxies, which fails in any way
        return None
    return graph


def _replace_linear(model: nn.Module, engine: QuantEngine, called: set[nn.Module]) -> None:
    qconfig = default_dynamic_qconfig if engine == "qnnpack" else per_channel_dynamic_qconfig
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child not in called:
                continue
            linear = as_linear(child)
            if linear is not None:
                linear.qconfig = qconfig  # type: ignore[assignment] # how torch.ao passes it
                setattr(parent, name, DynamicLinear.from_float(linear))  # type: ignore[no-untyped-call] # torch gives it no types
            elif type(child) is nn.EmbeddingBag and child.mode == "sum":
                child.qconfig = float_qparams_weight_only_qconfig  # type: ignore[assignment] # how torch.ao passes it
                setattr(parent, name, EmbeddingBag.from_float(child))  # type: ignore[no-untyped-call] # torch gives it no types
