"""Layers that are linear under another name, GPT-2's `Conv1D` and PyG's `Linear`, as `nn.Linear`: no value changes."""

from typing import Final, cast

from torch import Tensor, nn

_INPUTS_FIRST: Final = "transformers.pytorch_utils.Conv1D"
_LINEAR: Final = "torch_geometric.nn.dense.linear.Linear"


def as_linear(module: nn.Module) -> nn.Linear | None:
    """Return a linear layer as `nn.Linear`, whatever its name; None for others. Exact types: subclasses may read weights."""
    kind = f"{type(module).__module__}.{type(module).__qualname__}"
    if type(module) is nn.Linear:
        return module
    if kind not in {_INPUTS_FIRST, _LINEAR}:
        return None
    weight, bias = cast("Tensor", module.weight), cast("Tensor | None", module.bias)
    weight = weight.detach().t().contiguous() if kind == _INPUTS_FIRST else weight.detach()
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    linear.weight = nn.Parameter(weight)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach())
    return linear.eval()
