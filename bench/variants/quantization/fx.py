"""int8 by torch.fx: static where a model convolves, dynamic in its other linear layers.

Static: the largest parts of a model that torch.fx can trace and that convolve become one int8 graph each, so
that activations stay int8 from one convolution to the next; their scales come from a calibration on the
case's own inputs. Parts with a layer norm are left to the second rule: norms over channels go with sums that
are never normalised, which 8 bits do not hold (ViT-B/16 made static as a whole misses by a quarter).

Dynamic: linear layers outside of those graphs have int8 weights, and scale each activation as they see it.
Transformers, graph networks and recommendation have these only. Embedding bags have int8 tables.

Layers that are linear under another name (GPT-2's `Conv1D`, PyG's `Linear`) are made `nn.Linear` first, which
changes no value. Layers whose weights are read and that are never called stay in floating point: those of `nn.MultiheadAttention`
and of Swin's windows.

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

_CONVOLUTIONS: Final = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_INPUTS_FIRST: Final = "transformers.pytorch_utils.Conv1D"
_LINEAR: Final = "torch_geometric.nn.dense.linear.Linear"


def quantize_by_fx(model: nn.Module, engine: QuantEngine, calibrate: Callable[[nn.Module], None]) -> nn.Module:
    """Make a model int8 in place as far as can be, and return it, or the graph that stands for all of it.

    Args:
        model: Float32, set to evaluate. Its linear layers are replaced even where a graph is returned.
        engine: In force.
        calibrate: Runs the model that it is given over the inputs that scales are taken from.
    """
    holder = nn.ModuleDict({"model": model})
    with warnings.catch_warnings():
        # Of torch's own deprecations; where a warning is an error, it must not pass for a failure to trace.
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
    """The modules that a run calls; of the others the model reads the weights itself, as Swin's attention does."""
    called: set[nn.Module] = set()
    hooks = [each.register_forward_pre_hook(lambda module, _: called.add(module)) for each in model.modules()]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return called


class _LoneConvolution(nn.Module):
    """A graph in the place of one convolution, whose attributes the modules around it may still ask for."""

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
    """A clamp that torch.fx neither looks into nor quantizes, so that it is run on dequantized values.

    QNNPACK's clamp in torch 2.14.1 takes a tensor that is channels_last, as QNNPACK's convolutions put it out,
    for contiguous, and mixes its values up.
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
    """Put observers into the largest traceable parts below a name; returns where they are."""
    module = parent.get_submodule(name)
    inner = list(module.modules())
    if not any(isinstance(each, _CONVOLUTIONS) for each in inner):
        return []
    if not any(isinstance(each, nn.LayerNorm) for each in inner):
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
            linear = _as_linear(child)
            if linear is not None:
                linear.qconfig = qconfig  # type: ignore[assignment] # how torch.ao passes it
                setattr(parent, name, DynamicLinear.from_float(linear))  # type: ignore[no-untyped-call]
            elif type(child) is nn.EmbeddingBag and child.mode == "sum":
                child.qconfig = float_qparams_weight_only_qconfig  # type: ignore[assignment]
                setattr(parent, name, EmbeddingBag.from_float(child))  # type: ignore[no-untyped-call]


def _as_linear(module: nn.Module) -> nn.Linear | None:
    """The same as an `nn.Linear`, where a module is one under whatever name; exact types, since others read weights."""
    kind = f"{type(module).__module__}.{type(module).__qualname__}"
    if type(module) is nn.Linear:
        return module
    if kind not in {_INPUTS_FIRST, _LINEAR}:
        return None
    weight, bias = cast("torch.Tensor", module.weight), cast("torch.Tensor | None", module.bias)
    weight = weight.detach().t().contiguous() if kind == _INPUTS_FIRST else weight.detach()
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    linear.weight = nn.Parameter(weight)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach())
    return linear.eval()
