"""Construct a module without random initialisation, whose weights are overwritten anyway."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# By name, since transformers replaces the functions of torch.nn.init by its own.
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
    """Skips random initialisation, and so torch's generator; constants are still written."""

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
    """Call a factory with `dtype` as the default; weights that would be random stay uninitialised.

    Buffers that a model creates in float32 on purpose, such as rotary frequencies, stay float32; a cast of the whole
    model would round them.
    """
    before, draw = torch.get_default_dtype(), nn.init._no_grad_trunc_normal_
    torch.set_default_dtype(dtype)
    # No function mode sees `trunc_normal_`, and it repeats until values are within bounds: for ever, if they are what memory
    # held before. It is replaced where it does its work, as transformers keeps the public function from its own import on.
    nn.init._no_grad_trunc_normal_ = _leave
    try:
        with _NoRandom():
            return factory()
    finally:
        torch.set_default_dtype(before)
        nn.init._no_grad_trunc_normal_ = draw


def _leave(tensor: Tensor, *_: object, **__: object) -> Tensor:
    return tensor
