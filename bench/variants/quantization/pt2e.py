"""int8 by torch.export and torchao: the graph says where to quantize, and Inductor makes int8 kernels of it.

torchao's quantizer for Inductor on this architecture annotates the exported graph. The case's own inputs calibrate
its scales, and weights are folded to int8. It is static for every family: sums between layers stay in float32, so
that transformers keep their accuracy too.

Until Inductor has compiled it, the graph is a reference: it dequantizes before every product and multiplies in
float32. So it is slower than the model it came from, and its time says nothing about int8.
"""

import platform
from collections.abc import Callable
from typing import Any, Final

import torch
from torch import nn
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e import allow_exported_model_train_eval
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer import Quantizer

from bench.variants.errors import NoEffectError
from bench.variants.quantization.share import Share

_ELIGIBLE: Final = frozenset(
    {
        "aten::conv1d",
        "aten::conv2d",
        "aten::conv3d",
        "aten::conv_transpose1d",
        "aten::conv_transpose2d",
        "aten::conv_transpose3d",
        "aten::embedding_bag",
        "aten::_embedding_bag",
        "aten::linear",
        "aten::addmm",
        "aten::mm",
    }
)
Call = tuple[tuple[Any, ...], dict[str, Any]]


def quantize_by_export(model: nn.Module, arguments: Call) -> GraphModule:
    """Export a model as it is called with these arguments, and return its int8 graph.

    Args:
        model: Float32, in evaluation mode, in the case's memory format.
        arguments: Positional and named, as the model is called; shapes are fixed to theirs.

    Raises:
        NoEffectError: torch.export cannot trace the model; has its message.
    """
    args, kwargs = arguments
    try:
        # Strict, since quantizers find fusions by source traces, which only strict mode has for shared modules.
        exported = torch.export.export(model, args, kwargs, strict=True).module(check_guards=False)
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise NoEffectError(f"pt2e_int8 is not possible: torch.export refuses the model: {first}") from error
    prepared = prepare_pt2e(exported, _quantizer())
    prepared(*args, **kwargs)
    converted: GraphModule = convert_pt2e(prepared)
    allow_exported_model_train_eval(converted)  # backends call `eval`, which an exported graph refuses by default
    return converted


def _quantizer() -> Quantizer:
    if platform.machine() in {"aarch64", "arm64"}:
        from torchao.quantization.pt2e.quantizer.arm_inductor_quantizer import (
            ArmInductorQuantizer,
            get_default_arm_inductor_quantization_config,
        )

        return ArmInductorQuantizer().set_global(get_default_arm_inductor_quantization_config())
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
        X86InductorQuantizer,
        get_default_x86_inductor_quantization_config,
    )

    return X86InductorQuantizer().set_global(get_default_x86_inductor_quantization_config())


def count_annotated(graph: GraphModule) -> Share:
    """Count the products by weights in a converted graph, and those whose activation and weight are both int8."""
    products = [node for node in graph.graph.nodes if _operator(node) in _ELIGIBLE]
    return Share(int8=sum(map(_is_quantized, products)), eligible=len(products))


def _is_quantized(product: Node) -> bool:
    return all(_is_dequantized(node) for node in product.all_input_nodes[:2])


def _is_dequantized(node: Node) -> bool:
    """Return whether a node, or the node that it reshapes, is a dequantization."""
    if "dequantize" in _operator(node):
        return True
    # Operators that change shape or layout only, or nothing in inference.
    passing = {"aten::view", "aten::reshape", "aten::transpose", "aten::t", "aten::permute", "aten::clone"}
    passing |= {"aten::expand", "aten::contiguous", "aten::dropout", "aten::flatten"}
    return _operator(node) in passing and _is_dequantized(node.all_input_nodes[0])


def _operator(node: Node) -> str:
    """Return `namespace::name` of the operator that a node calls; empty for other nodes."""
    target: Callable[..., Any] | str = node.target
    if not isinstance(target, torch._ops.OpOverload):  # noqa: SLF001 - how a graph names operators
        return ""
    name: str = target.name()  # type: ignore[no-untyped-call] # torch gives it no types
    return name.partition(".")[0]
