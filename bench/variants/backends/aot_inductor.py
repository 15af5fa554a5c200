"""AOTInductor: the model exported, compiled into a package, and run by torch's runtime for such packages.

Weights are frozen into the package, as in PyTorch's own CPU benchmarks of AOTInductor. What was observed during
compilation is written beside it, so that another process that loads the package has the evidence.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch._inductor import aoti_compile_and_package, aoti_load_package, config, metrics
from torch._inductor.custom_graph_pass import CustomGraphPass
from torch.fx import Graph
from typing_extensions import override

from bench.records.case import Case
from bench.records.record import Record, decode_json, encode_json
from bench.variants.backends.ahead_of_time import AheadOfTime
from bench.variants.backends.signature import FlatModel, ResultsForm, Signature
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.quantization.share import count_packed

_FACTS_SUFFIX = ".json"


class PackageFacts(Record, frozen=True, kw_only=True):
    """What was observed when a package was compiled.

    Attributes:
        form: How the model's results are assembled from what the package returns.
        compile_s: Seconds that exporting, compiling and packaging took.
        graphs: Graphs that were handed to the code generator.
        dtypes: Floating-point data type → results of it in them.
        maps, channels_last: As in `Observation`.
        vector_kernels: Kernels in vector instructions that were generated.
        int8_kernels: Products whose int8 weights were packed.
    """

    form: ResultsForm
    compile_s: float
    graphs: int
    dtypes: dict[str, int]
    maps: int
    channels_last: int
    vector_kernels: int
    int8_kernels: int


class AotInductor(AheadOfTime):
    """Compiles a package and loads it, or loads one that exists.

    Args:
        model: Uncompiled.
        case: The model's case.
        package: Where the package is, or is to be written; a temporary folder if None.
        load: Load it too.
    """

    functional = False

    def __init__(self, model: nn.Module, case: Case, package: Path | None = None, *, load: bool = True) -> None:
        super().__init__(model, case)
        self._package = package or self._make_folder() / "model.pt2"
        self._load = load
        self._called = 0

    @override
    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return the results of the compiled graph as observed during compilation."""
        call()
        facts = self._facts
        dtypes = Counter({getattr(torch, name): count for name, count in facts.dtypes.items()})
        return Observation(
            dtypes=dtypes, maps=facts.maps, channels_last=facts.channels_last, int8_kernels=facts.int8_kernels
        )

    @override
    def evidence(self) -> dict[str, str]:
        """Return what the package holds.

        Raises:
            NoEffectError: no graph was compiled, or the package was never called.
        """
        if not self._facts.graphs or not self._called:
            raise NoEffectError(
                f"aot_inductor took no effect: {self._facts.graphs} graphs compiled, {self._called} calls of the package"
            )
        return {
            "compiled_graphs": str(self._facts.graphs),
            "package_bytes": str(self._package.stat().st_size),
            "package_constants": str(len(self._loaded.get_constant_fqns())),
            "vector_kernels": str(self._facts.vector_kernels),
        }

    def make(self, flat: FlatModel, signature: Signature) -> PackageFacts:
        """Export, compile and package the model, and write what was observed beside the package."""
        observer = _GraphObserver()
        kernels_before, packed_before = metrics.generated_cpp_vec_kernel_count, count_packed()
        with self._timed("compile_s"), config.patch(freezing=True, post_grad_custom_post_pass=observer):
            exported = torch.export.export(flat, signature.example, strict=False)
            aoti_compile_and_package(exported, package_path=str(self._package))
        if flat.form is None:
            raise NoEffectError("aot_inductor took no effect: the model was exported without being called")
        facts = PackageFacts(
            form=flat.form,
            compile_s=self.compile_s,
            graphs=observer.graphs,
            dtypes={str(dtype).removeprefix("torch."): count for dtype, count in observer.seen.dtypes.items()},
            maps=observer.seen.maps,
            channels_last=observer.seen.channels_last,
            vector_kernels=metrics.generated_cpp_vec_kernel_count - kernels_before,
            int8_kernels=count_packed() - packed_before,
        )
        _facts_path(self._package).write_bytes(encode_json(facts))
        return facts

    @override
    def _build(self, flat: FlatModel, signature: Signature) -> Callable[[list[Tensor]], list[Tensor]]:
        if self._package.exists():
            path = _facts_path(self._package)
            self._facts = decode_json(path.read_bytes(), PackageFacts, source=str(path))
            self.compile_s = self._facts.compile_s
            flat.form = self._facts.form
        else:
            self._facts = self.make(flat, signature)
        if not self._load:
            return _raise_not_loaded
        with self._timed("load_s"):
            self._loaded = aoti_load_package(str(self._package))
        return self._run

    def _run(self, tensors: list[Tensor]) -> list[Tensor]:
        self._called += 1
        results: list[Tensor] = self._loaded(*tensors)
        return results


class _GraphObserver(CustomGraphPass):
    """Observes each graph as the code generator gets it, and changes nothing."""

    def __init__(self) -> None:
        self.seen = Observation()
        self.graphs = 0

    @override
    def __call__(self, graph: Graph) -> None:
        self.graphs += 1
        self.seen.add_graph(graph)

    @override
    def uuid(self) -> None:
        """Return None, so that no graph comes from a cache unobserved."""


def _facts_path(package: Path) -> Path:
    return package.with_suffix(_FACTS_SUFFIX)


def _raise_not_loaded(_tensors: list[Tensor]) -> list[Tensor]:
    raise RuntimeError("the package was compiled and not loaded")
