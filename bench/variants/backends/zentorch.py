"""zentorch: Inductor with AMD's plug-in, which replaces operators by ZenDNN's while the graph is compiled.

Weights are constants: only so does the plug-in pack them. It packs them in place, in the memory of the model's own
parameters, so that eager on the same model is wrong afterwards. What the outputs are compared with comes from a model
that is built again (`bench.worker.prove`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import zentorch
from torch import Tensor, nn
from torch._inductor import config
from torch._inductor.custom_graph_pass import CustomGraphPass
from torch.fx import Graph, GraphModule
from typing_extensions import override

from bench.records.case import Case
from bench.variants.backends.inductor_freezing import InductorFreezing
from bench.variants.errors import NoEffectError

_NAMESPACE = "zentorch."


class ZenTorch(InductorFreezing):
    """The backend `zentorch` of `torch.compile`, as it is installed; its graphs are observed before code is generated."""

    def __init__(self, model: nn.Module, case: Case) -> None:
        super().__init__(model, case)
        self._operators: Counter[str] = Counter()

    @override
    @contextmanager
    def context(self, case: Case) -> Iterator[None]:
        """Set what Inductor's context does, and observe graphs; what the plug-in sets while it compiles is undone."""
        observer = _GraphObserver(lambda graph: self._add_graph(graph, _holder(graph)))
        with (
            super().context(case),
            config.patch(post_grad_custom_post_pass=observer, joint_custom_post_pass=config.joint_custom_post_pass),
        ):
            yield

    @override
    def evidence(self) -> dict[str, str]:
        """Return how much was compiled, and which operators are the plug-in's.

        Raises:
            NoEffectError: the same as Inductor's, or no operator is the plug-in's.
        """
        evidence = super().evidence()
        if not self._operators:
            raise NoEffectError("zentorch took no effect: it replaced no operator of the graph")
        names = " ".join(f"{name}:{count}" for name, count in sorted(self._operators.items()))
        return {**evidence, "zentorch_operators": str(self._operators.total()), "zentorch_kernels": names}

    @override
    def _lower(self, graph: GraphModule, example_inputs: Sequence[Tensor]) -> object:
        return zentorch.zentorch_compile(graph, example_inputs)

    @override
    def _add_graph(self, graph: Graph, holder: nn.Module) -> None:
        super()._add_graph(graph, holder)
        names = [str(node.target) for node in graph.nodes if node.op == "call_function"]
        self._operators.update(
            name.removeprefix(_NAMESPACE).removesuffix(".default") for name in names if name.startswith(_NAMESPACE)
        )


def _holder(graph: Graph) -> nn.Module:
    if graph.owning_module is None:
        raise NoEffectError("zentorch took no effect: its graph belongs to no module")
    return graph.owning_module


class _GraphObserver(CustomGraphPass):
    """Hands each graph over before code is generated from it, and changes nothing."""

    def __init__(self, add: Callable[[Graph], None]) -> None:
        self._add = add

    @override
    def __call__(self, graph: Graph) -> None:
        self._add(graph)

    @override
    def uuid(self) -> None:
        """Return None, so that no graph comes from a cache unobserved."""
