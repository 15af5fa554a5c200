"""The arguments of a module's call, of any structure: their tensors by name, so that they are cast, hashed and counted."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree
from typing_extensions import override

from bench.interface.workload import Forward
from bench.workloads.sources.module import ModuleInference


class Arguments:
    """Positional and named arguments, as an example gives them.

    Args:
        args, kwargs: The example.
        names: Of all leaves, in order; None to name them by their places.

    Attributes:
        tensors: Name → tensor of the example.
    """

    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str] | None = None) -> None:
        leaves, self._spec = pytree.tree_flatten_with_path((tuple(args), dict(kwargs)))
        spelled = [_spell(path) for path, _ in leaves] if names is None else names
        self._leaves = [(name, leaf) for name, (_, leaf) in zip(spelled, leaves, strict=True)]
        self.tensors = {name: leaf for name, leaf in self._leaves if isinstance(leaf, Tensor)}

    def rebuild(self, tensors: Mapping[str, Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with these tensors in place of the example's; all else is the example's."""
        leaves = [tensors.get(name, leaf) for name, leaf in self._leaves]
        arguments: tuple[tuple[Any, ...], dict[str, Any]] = pytree.tree_unflatten(leaves, self._spec)
        return arguments


class ByName(nn.Module):
    """A model that is called with its tensors by name."""

    def __init__(self, model: nn.Module, arguments: Arguments) -> None:
        super().__init__()
        self.model = model
        self._arguments = arguments

    @override
    def forward(self, **tensors: Tensor) -> Any:
        """Call the model with its arguments."""
        args, kwargs = self._arguments.rebuild(tensors)
        return self.model(*args, **kwargs)


class ArgumentsInference(ModuleInference):
    """One forward pass with arguments of any structure; they are put together before the first call."""

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], arguments: Arguments) -> None:
        super().__init__(forward, inputs)
        args, kwargs = arguments.rebuild(inputs)
        self.call = partial(forward, *args, **kwargs)


def _spell(path: tuple[Any, ...]) -> str:
    """Return `ids` for an argument of that name, `argument_0` for the first positional one, and `argument_0.1` within it."""
    first, *inner = map(_key, path[1:])
    start = f"argument_{first}" if _key(path[0]) == 0 else str(first)
    return ".".join((start, *map(str, inner)))


def _key(key: Any) -> Any:  # noqa: ANN401 - pytree's own kinds of keys
    return next(getattr(key, name) for name in ("key", "idx", "name") if hasattr(key, name))
