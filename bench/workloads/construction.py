"""Building a module without spending time on random weights that are overwritten at once."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# By name, since transformers puts functions of its own in the place of those in torch.nn.init.
_RANDOM = frozenset(
    {
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "uniform_",
        "xavier_normal_",
        "xavier_uniform_",
    }
)


class _NoRandom(TorchFunctionMode):
    """Leaves out random initialisation, and so torch's generator; constants are still written."""

    def __torch_function__(  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        named = dict(kwargs or {})
        if func.__name__ in _RANDOM:
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def construct(factory: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """Call a factory with `dtype` as the default, leaving weights that would be random as they lie in memory.

    Buffers that a model makes in float32 on purpose, such as rotary frequencies, stay float32, which a
    cast of the whole model would spoil.
    """
    before, draw = torch.get_default_dtype(), nn.init.trunc_normal_
    torch.set_default_dtype(dtype)
    # No mode sees it, and it draws anew until values are within bounds: those that are not drawn at all never are.
    nn.init.trunc_normal_ = _leave  # type: ignore[assignment]
    try:
        with _NoRandom():
            return factory()
    finally:
        torch.set_default_dtype(before)
        nn.init.trunc_normal_ = draw


def _leave(tensor: Tensor, *_: float, **__: float) -> Tensor:
    return tensor
