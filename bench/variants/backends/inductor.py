"""Inductor: the model compiled by torch.compile as it comes, and what all its variants share.

In training the model's forward and backward pass are compiled; loss and optimizer stay eager, since the
iteration is the same for all backends and the loss is not part of the model.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch._dynamo import config as dynamo_config
from torch._dynamo.exc import FailOnRecompileLimitHit
from torch._dynamo.utils import counters
from torch._functorch import config as functorch_config
from torch._guards import CompileContext
from torch._inductor import config, metrics
from torch._inductor.compile_fx import compile_fx, compile_fx_inner
from torch._inductor.freezing_utils import is_frozen_param
from torch._inductor.output_code import OutputCode
from torch.fx import Graph, GraphModule

from bench.records.case import Case
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation


class Inductor:
    """Compiles the model in its first call and observes the graphs that the code generator gets.

    Attributes:
        forward: The compiled model.
        options: Inductor's settings while it compiles.
    """

    holds_casts = False
    compile_s = 0.0
    load_s = 0.0
    freezes: ClassVar[bool] = False
    options: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __init__(self, model: nn.Module, case: Case) -> None:
        self.forward: Callable[..., object] = torch.compile(model, backend=self._compile)
        self._name = case.backend
        self._observation = Observation()
        self._graphs = 0
        self._freezes = self.freezes or bool(config.freezing)
        self._frozen = 0
        self._constants: dict[int, int] = {}
        self._recompiles = 0
        self._before = _Counts()

    @contextmanager
    def context(self, case: Case) -> Iterator[None]:
        """Set gradients on for training only, freezing as the case says, and no silent fallback to eager.

        A plan asks for freezing by the backend `inductor_freezing`, or by torch's own variable
        TORCHINDUCTOR_FREEZING, which reaches a worker only where `bench ab` tests it.

        Caches of whole graphs are off: a graph that another repetition compiled would not be observed here, and its
        compilation would be missing in the first call.

        Inductor reads the freezing setting when it traces the graph and again when it compiles it. So it is set for
        both; an option of `torch.compile` would reach the second only. Gradients are off without inference mode, as
        in PyTorch's own CPU benchmarks of Inductor: inference mode saves what eager operators spend on
        views and versions, and constants created in it could be used nowhere else.

        Raises:
            NoEffectError: calls differ so much that TorchDynamo gives a function up, which would then run in eager.
        """
        with (
            config.patch(freezing=self._freezes, fx_graph_cache=False),
            functorch_config.patch(enable_autograd_cache=False),
            dynamo_config.patch(fail_on_recompile_limit_hit=True, suppress_errors=False),
            torch.set_grad_enabled(case.mode == "training"),
        ):
            try:
                yield
            except FailOnRecompileLimitHit as error:
                raise NoEffectError(
                    f"{self._name} took no effect: its calls differ in shapes or values that compiled programs depend on, "
                    f"and after {dynamo_config.recompile_limit} programs for one function it gives up; use eager"
                ) from error

    def compile(self, iteration: object) -> None:
        """Do nothing: the first call compiles."""

    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, which compiles if none did before, and return the results of the compiled graphs."""
        call()
        if self._freezes:
            self._observation.constant_bytes = sum(self._constants.values())
        return self._observation

    def evidence(self) -> dict[str, str]:
        """Return how much was compiled.

        Raises:
            NoEffectError: no graph was compiled, or no weight became a constant where freezing is asked for.
        """
        done = _Counts().since(self._before)
        if not self._graphs or (self._freezes and not self._frozen):
            frozen = f", {self._frozen} weights frozen" if self._freezes else ""
            raise NoEffectError(f"{self._name} took no effect: {self._graphs} graphs compiled{frozen}")
        return {
            "compiled_graphs": str(self._graphs),
            **({"frozen_weights": str(self._frozen)} if self._freezes else {}),
            "frames_compiled": f"{done.compiled_frames}/{done.frames}",
            "graph_breaks": str(done.breaks),
            "recompiles": str(self._recompiles),
            "vector_kernels": str(done.vector_kernels),
        }

    @property
    def compilations(self) -> int:
        """Graphs that were compiled so far."""
        return self._graphs

    def _compile(self, graph: GraphModule, example_inputs: Sequence[Tensor]) -> object:
        compiled = CompileContext.current_compile_id()
        self._recompiles += compiled is not None and bool(compiled.frame_compile_id)
        return self._lower(graph, example_inputs)

    def _lower(self, graph: GraphModule, example_inputs: Sequence[Tensor]) -> object:
        """Compile a graph that TorchDynamo captured."""
        return compile_fx(
            graph, example_inputs, inner_compile=self._compile_inner, config_patches=dict(self.options) or None
        )

    def _compile_inner(self, graph: GraphModule, example_inputs: Sequence[Tensor], **options: Any) -> OutputCode:  # noqa: ANN401 - passed on
        self._add_graph(graph.graph, graph)
        return compile_fx_inner(graph, example_inputs, **options)

    def _add_graph(self, graph: Graph, holder: nn.Module) -> None:
        """Observe a graph as the code generator gets it, with the constants that its module holds."""
        self._graphs += 1
        self._observation.add_graph(graph)
        for node in graph.nodes:
            if node.op == "get_attr":
                constant = getattr(holder, node.target)
                self._frozen += is_frozen_param(constant)
                # What oneDNN packed has no address that torch knows.
                place = id(constant) if constant.is_mkldnn else constant.data_ptr()
                self._constants[place] = constant.numel() * constant.element_size()


class _Counts:
    """The counts of torch's compiler in this process so far."""

    def __init__(self) -> None:
        self.breaks = sum(counters["graph_break"].values())
        self.frames = counters["frames"]["total"]
        self.compiled_frames = counters["frames"]["ok"]
        self.vector_kernels = metrics.generated_cpp_vec_kernel_count

    def since(self, before: "_Counts") -> "_Counts":
        for name, value in vars(before).items():
            setattr(self, name, getattr(self, name) - value)
        return self
