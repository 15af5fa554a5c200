"""TorchScript: the model traced, its weights frozen, and operators fused by oneDNN Graph.

`torch.jit.optimize_for_inference` is left out: it would pass operators to oneDNN singly, which oneDNN Graph fuses.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from bench.records.case import Case
from bench.variants.backends.ahead_of_time import AheadOfTime
from bench.variants.backends.signature import FlatModel, Signature
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation, is_convolution

_GROUP = "prim::oneDNNFusionGroup"
_PROFILING_CALLS = 2
"""TorchScript's executor profiles the first call, and optimizes for the profiled types and shapes in the second."""
_OFF_FOR_STATE = "off_for_state"
"""oneDNN Graph is left out for models that write to a cache: with it they crash or give results that are not finite."""


class TorchScript(AheadOfTime):
    """Traces and freezes the model before the first call, and lets the executor optimize it in two calls."""

    functional = False

    @override
    @contextmanager
    def context(self, case: Case) -> Iterator[None]:
        """Set inference mode, as for eager."""
        with torch.inference_mode(), super().context(case):
            yield

    @override
    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return the traced operators' results, casts included; the executor reports types of fused ones only."""
        call()
        return self._traced

    @override
    def evidence(self) -> dict[str, str]:
        """Return how much was frozen and fused.

        Raises:
            NoEffectError: the called program is not frozen.
        """
        left = len(list(self._frozen.parameters())) if isinstance(self._frozen, torch.jit.ScriptModule) else -1
        if left or not self._called:
            raise NoEffectError(
                f"torchscript took no effect: {left} weights are not frozen, {self._called} calls of the frozen program"
            )
        fused, apart = _count_operators(self._executed)
        return {
            "frozen_weights": str(self._weights),
            **self._fusion,
            "onednn_fusion_groups": str(apart[_GROUP]),
            "operators_fused": str(sum(count for kind, count in fused.items() if kind.startswith("aten::"))),
            "operators_apart": str(sum(count for kind, count in apart.items() if kind.startswith("aten::"))),
        }

    @override
    def _build(self, flat: FlatModel, signature: Signature) -> Callable[[list[Tensor]], list[Tensor]]:
        self._called = 0
        self._weights = len(list(flat.parameters()))
        with self._timed("compile_s"), warnings.catch_warnings():
            # TorchScript is deprecated, and its tracer warns of every branch that it fixes. A wrong branch fails the proof.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(flat, signature.example, check_trace=False, strict=False)  # type: ignore[no-untyped-call] # torch gives it no types
            self._traced = _observe_trace(traced)
            self._fusion = {"onednn_fusion": _OFF_FOR_STATE if signature.slots else "on"}
            try:
                self._optimize(traced, signature, fuse=not signature.slots)
            except RuntimeError as error:
                if signature.slots:
                    raise
                last_line = str(error).strip().splitlines()[-1]
                self._fusion = {"onednn_fusion": "failed", "onednn_fusion_error": last_line[:120]}
                self._optimize(traced, signature, fuse=False)
        return self._run

    def _optimize(self, traced: Any, signature: Signature, *, fuse: bool) -> None:  # noqa: ANN401 - torch gives its modules no better type
        before = torch.jit.onednn_fusion_enabled()  # type: ignore[no-untyped-call] # torch gives it no types
        torch.jit.enable_onednn_fusion(fuse)
        try:
            self._frozen = torch.jit.freeze(traced)
            # Casts were traced; the executor must not add its own, nor cache those of autocast.
            with torch.autocast("cpu", enabled=False):
                for _ in range(_PROFILING_CALLS):
                    self._frozen(*signature.example)
            self._executed = torch.jit.last_executed_optimized_graph()  # type: ignore[attr-defined] # documented by use only
        finally:
            torch.jit.enable_onednn_fusion(before)

    def _run(self, tensors: list[Tensor]) -> list[Tensor]:
        self._called += 1
        results: list[Tensor] = self._frozen(*tensors)
        return results


def _observe_trace(traced: Any) -> Observation:  # noqa: ANN401 - torch gives its modules no better type
    """Return the results of a trace; only convolutions show the memory format, as in `Observation.add_graph`."""
    observation = Observation()
    for kind, value in _values(traced.inlined_graph):
        sizes, strides = value.sizes(), value.strides()
        if sizes and strides and value.dtype().is_floating_point:
            result = torch.empty_strided(sizes, strides, dtype=value.dtype(), device="meta")
            observation.add(result, is_map=is_convolution(kind))
    return observation


def _nodes(block: Any) -> Iterator[Any]:  # noqa: ANN401 - torch gives graphs no type
    """Yield all nodes, those of inner blocks and fused subgraphs after the node that holds them."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)
        if node.hasAttribute("Subgraph"):
            yield from _nodes(node.g("Subgraph"))


def _values(graph: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - torch gives graphs no type
    for node in _nodes(graph):
        for output in node.outputs():
            if output.type().kind() == "TensorType":
                yield node.kind(), output.type()


def _count_operators(graph: Any) -> tuple[Counter[str], Counter[str]]:  # noqa: ANN401 - torch gives graphs no type
    """Count kinds of nodes within fusion groups, and of all others; a guard's fallback does not run and is not counted."""
    fused: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    for node in graph.nodes():
        _count_node(node, fused, apart)
    return fused, apart


def _count_node(node: Any, fused: Counter[str], apart: Counter[str]) -> None:  # noqa: ANN401 - torch gives graphs no type
    apart[node.kind()] += 1
    if node.kind() == _GROUP:
        fused.update(inner.kind() for inner in _nodes(node.g("Subgraph")))
        return
    blocks = list(node.blocks())
    guarded = node.kind() == "prim::If" and any(inner.kind() == _GROUP for inner in blocks[0].nodes())
    for block in blocks[:1] if guarded else blocks:
        for inner in block.nodes():
            _count_node(inner, fused, apart)
