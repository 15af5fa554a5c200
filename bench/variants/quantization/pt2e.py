"""int8 by torch.export and torchao: the graph says where to quantize, and Inductor makes int8 kernels of it.

The exported graph is annotated by the quantizer that torchao has for Inductor on this architecture, its scales
are taken from the case's own inputs, and weights are folded to int8. It is static for every family: sums
between layers stay in float32, so that transformers are held by it too.

Until Inductor has compiled it, it is a reference: it dequantizes before every product and multiplies in
float32, so it is slower than what it came from, and says nothing about int8.
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
    """Export a model as it is called with these arguments, and make it int8.

    Args:
        model: Float32, set to evaluate, in the memory format that is asked for.
        arguments: Positional and named, as the model is called; shapes are fixed to theirs.

    Raises:
        NoEffectError: torch.export cannot take the model in; tells what it met.
    """
    args, kwargs = arguments
    try:
        # Strict, since the quantizers find fusions by a trace of sources that only that has for shared modules.
        exported = torch.export.export(model, args, kwargs, strict=True).module(check_guards=False)
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise NoEffectError(f"pt2e_int8 cannot be: torch.export refuses the model: {first}") from error
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
    return all(_is_dequantized(each) for each in product.all_input_nodes[:2])


def _is_dequantized(node: Node) -> bool:
    """Whether it, or what it reshapes, is put out by a dequantization."""
    if "dequantize" in _operator(node):
        return True
    passing = {"aten::view", "aten::reshape", "aten::transpose", "aten::t", "aten::permute", "aten::clone"}
    passing |= {"aten::expand", "aten::contiguous", "aten::dropout", "aten::flatten"}
    return _operator(node) in passing and _is_dequantized(node.all_input_nodes[0])


def _operator(node: Node) -> str:
    """`namespace::name` of the operator that a node calls; empty for other nodes."""
    target: Callable[..., Any] | str = node.target
    if not isinstance(target, torch._ops.OpOverload):  # noqa: SLF001 - how a graph names operators
        return ""
    name: str = target.name()  # type: ignore[no-untyped-call]
    return name.partition(".")[0]
