"""Inductor with freezing: the model compiled, its weights folded in as constants and packed for the CPU."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters
from torch._inductor import config, metrics
from torch._inductor.compile_fx import compile_fx, compile_fx_inner
from torch._inductor.freezing_utils import is_frozen_param
from torch._inductor.output_code import OutputCode
from torch.fx import GraphModule

from bench.records.case import Case
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation


class InductorFreezing:
    """Compiles the model in its first call and watches the graphs as they are handed to the code generator.

    Attributes:
        forward: The compiled model.
    """

    def __init__(self, model: nn.Module) -> None:
        self.forward: Callable[..., object] = torch.compile(model, backend=self._compile)
        self._observation = Observation()
        self._graphs = 0
        self._frozen = 0
        self._breaks_before = _graph_breaks()
        self._vector_kernels_before = metrics.generated_cpp_vec_kernel_count

    @contextmanager
    def context(self, case: Case) -> Iterator[None]:  # noqa: ARG002 - it only infers
        """Freezing on, and no gradients.

        Freezing is read when the graph is traced and again when it is compiled, so it is set for both; an
        option of `torch.compile` would reach the second only. Gradients are off without inference mode, as
        in PyTorch's own CPU benchmarks of Inductor: inference mode saves what eager operators spend on
        views and versions, and constants made under it could be used nowhere else.
        """
        with config.patch(freezing=True), torch.no_grad():
            yield

    def observe(self, call: Callable[[], object]) -> Observation:
        """What the compiled graphs put out; calls once, so that there are any."""
        call()
        return self._observation

    def evidence(self) -> dict[str, str]:
        """How much was compiled.

        Raises:
            NoEffectError: no graph was compiled, or no weight became a constant.
        """
        if not self._graphs or not self._frozen:
            raise NoEffectError(
                f"inductor_freezing took no effect: {self._graphs} graphs compiled, {self._frozen} weights frozen"
            )
        return {
            "compiled_graphs": str(self._graphs),
            "frozen_weights": str(self._frozen),
            "graph_breaks": str(_graph_breaks() - self._breaks_before),
            "vector_kernels": str(metrics.generated_cpp_vec_kernel_count - self._vector_kernels_before),
        }

    def _compile(self, graph: GraphModule, example_inputs: Sequence[Tensor]) -> object:
        return compile_fx(graph, example_inputs, inner_compile=self._watch)

    def _watch(self, graph: GraphModule, example_inputs: Sequence[Tensor], **options: Any) -> OutputCode:  # noqa: ANN401 - passed on
        self._graphs += 1
        for node in graph.graph.nodes:
            if node.op == "get_attr":
                self._frozen += is_frozen_param(getattr(graph, node.target))
            elif node.op == "call_function":
                self._observation.add(node.meta.get("val"))
        return compile_fx_inner(graph, example_inputs, **options)


def _graph_breaks() -> int:
    return sum(counters["graph_break"].values())
