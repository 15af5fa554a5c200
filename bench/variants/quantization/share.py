"""Count how many of a model's operations became int8.

Eligible are products by weights: convolutions, linear layers, and the weighted sums of embedding bags. Products of two
activations, as in attention, are not: no engine of torch has int8 kernels for them. Neither are sums, norms and
look-ups, which multiply nothing by a weight.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation

_INT8 = ("conv", "linear", "embedding_bag")
"""Prefixes of the eligible operators of the namespace `quantized`."""
_FLOATING: Mapping[str, int] = MappingProxyType(
    {
        "_addmm_activation": 1,
        "_convolution": 1,
        "_embedding_bag": 1,
        "_embedding_bag_forward_only": 1,
        "_native_multi_head_attention": 2,
        "_transformer_encoder_layer_fwd": 4,
        "addmm": 1,
        "conv1d": 1,
        "conv2d": 1,
        "conv3d": 1,
        "conv_transpose1d": 1,
        "conv_transpose2d": 1,
        "conv_transpose3d": 1,
        "convolution": 1,
        "embedding_bag": 1,
        "linear": 1,
        "mkldnn_convolution": 1,
        "mkldnn_linear": 1,
        "mm": 1,
    }
)
"""Operator that computes in floating point → products by weights in it; whether it was decomposed or not."""

_PACKED = ("qconv_weight_prepack_matcher_count", "qlinear_weight_prepack_matcher_count")
"""Inductor's own counts of the products whose weights it packed for oneDNN's int8 kernels."""


def count_packed() -> int:
    """Return the number of products for which Inductor packed int8 weights in this process so far."""
    from torch._dynamo.utils import counters  # takes a second to import

    return sum(counters["inductor"][name] for name in _PACKED)


@dataclass(frozen=True)
class Share:
    """Eligible operations that one call runs, and those of them that are int8."""

    int8: int
    eligible: int

    def evidence(self, precision: str) -> dict[str, str]:
        """Return the evidence, such as `53 of 54`.

        Raises:
            NoEffectError: none is int8.
        """
        if not self.int8:
            raise NoEffectError(f"{precision} took no effect: 0 of {self.eligible} eligible operations are int8")
        return {"int8_operations": f"{self.int8} of {self.eligible}"}


@dataclass
class Operations:
    """What one call ran.

    Attributes:
        int8: Eligible operations in int8.
        floating: Eligible operations in floating point.
        results: Results of the int8 operations, quantized or not.
    """

    int8: int = 0
    floating: int = 0
    results: Observation = field(default_factory=Observation)

    @property
    def share(self) -> Share:
        """The share of eligible operations that are int8."""
        return Share(int8=self.int8, eligible=self.int8 + self.floating)


def count_operations(call: Callable[[], object]) -> Operations:
    """Run one call and count the operators that torch dispatches in it, of eager or of TorchScript."""
    operations = Operations()
    with _Counting(operations):
        call()
    return operations


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch gives it no types
    """Sees every operator, but not those that it calls inside, so nothing is counted twice."""

    def __init__(self, operations: Operations) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch gives it no types
        self._operations = operations

    def __torch_dispatch__(  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operator returns
        result = func(*args, **(kwargs or {}))
        namespace, _, name = func.name().partition("::")  # type: ignore[no-untyped-call] # torch gives it no types
        name = name.partition(".")[0]
        if namespace == "quantized" and name.startswith(_INT8):
            self._operations.int8 += 1
            _add(self._operations.results, result)
        elif namespace in {"aten", "mkldnn", "mkldnn_prepacked"}:
            self._operations.floating += _FLOATING.get(name, 0)
        return result


def _add(observation: Observation, result: object) -> None:
    """Count a result as `Observation.add` does, which ignores quantized ones."""
    if not isinstance(result, torch.Tensor):
        return
    observation.dtypes[result.dtype] += 1
    if result.ndim == 4 and result.shape[1] > 1 and result.shape[2] * result.shape[3] > 1:
        observation.maps += 1
        observation.channels_last += result.is_contiguous(memory_format=torch.channels_last)
