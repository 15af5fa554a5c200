"""What a call computes, as torch's dispatcher sees it: how many operators, and results of which data types."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from typing_extensions import override

_COPIES = frozenset(
    {
        "aten._to_copy.default",
        "aten.alias.default",
        "aten.clone.default",
        "aten.copy_.default",
        "aten.detach.default",
    }
)


class Dispatched(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch gives it no types
    """Counts while it is entered.

    Attributes:
        operators: Name → calls; those inside of a program that torch does not interpret are not among them.
        dtypes: Data type, floating-point or quantized → results of it.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch gives it no types
        self.operators: Counter[str] = Counter()
        self.dtypes: Counter[torch.dtype] = Counter()

    @property
    def computing(self) -> int:
        """Calls of operators that do more than copy or cast."""
        return sum(calls for name, calls in self.operators.items() if name not in _COPIES)

    @override
    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call an operator, and count it and its results."""
        result = func(*args, **(kwargs or {}))
        self.operators[str(func)] += 1
        for leaf in pytree.tree_leaves(result):
            if isinstance(leaf, Tensor) and (leaf.is_floating_point() or leaf.is_quantized):
                self.dtypes[leaf.dtype] += 1
        return result
