"""Make the model of a quantized case, and the evidence that it is quantized."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib import import_module
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from bench.backends.registry import find_backend
from bench.interface.workload import Workload
from bench.records.case import Case
from bench.records.precision import PRECISION_FACTS
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.quantization.engine import effective_engine
from bench.variants.quantization.share import Share, count_operations, count_packed


class Quantized(Protocol):
    """A quantized model.

    Attributes:
        model: What a backend is to run.
    """

    @property
    def model(self) -> nn.Module: ...  # noqa: D102

    def evidence(self, call: Callable[[], object], observation: Observation) -> dict[str, str]:
        """Return how much is quantized; adds the results of int8 operations to the observation. Runs one call at most.

        Raises:
            NoEffectError: nothing is quantized.
        """


def load_quantization(case: Case) -> None:
    """Import what `quantize` needs; nothing for other precisions."""
    if case.precision == "fx_int8":
        import_module("bench.variants.quantization.fx")
    elif case.precision == "pt2e_int8":
        import_module("bench.variants.quantization.pt2e")
    elif _quantizes_linear(case):
        import_module("bench.variants.quantization.linear_only")


def quantize(workload: Workload, case: Case, inputs: Mapping[str, Tensor]) -> Quantized | None:
    """Return the quantized model that a case asks for; None where its precision is another, or its engine quantizes.

    Args:
        workload: As built, laid out; all but `pt2e_int8` replace layers or weights of its model in place.
        case: What was asked for.
        inputs: The workload's, laid out; they calibrate the scales.
    """
    if not PRECISION_FACTS[case.precision].quantized or case.precision in find_backend(case.backend).quantizes:
        return None
    with torch.no_grad(), effective_engine(case):
        if case.precision == "fx_int8":
            return _FxInt8(workload, case, inputs)
        if case.precision == "pt2e_int8":
            return _Pt2eInt8(workload, inputs)
        from bench.variants.quantization.linear_only import LinearOnly

        return LinearOnly(workload.model, case)


def _quantizes_linear(case: Case) -> bool:
    return PRECISION_FACTS[case.precision].linear_only and case.precision not in find_backend(case.backend).quantizes


class _FxInt8:
    def __init__(self, workload: Workload, case: Case, inputs: Mapping[str, Tensor]) -> None:
        from bench.variants.quantization.fx import quantize_by_fx

        if case.quant_engine is None:
            raise NoEffectError("fx_int8 needs an engine, and the case names none; choose one with --quant-engine")

        def calibrate(model: nn.Module) -> None:
            workload.iterate(model, inputs, nullcontext).call()

        self.model = quantize_by_fx(workload.model, case.quant_engine, calibrate)

    def evidence(self, call: Callable[[], object], observation: Observation) -> dict[str, str]:
        operations = count_operations(call)
        observation.maps += operations.results.maps
        observation.channels_last += operations.results.channels_last
        observation.dtypes += operations.results.dtypes
        return operations.share.evidence("fx_int8")


class _Pt2eInt8:
    def __init__(self, workload: Workload, inputs: Mapping[str, Tensor]) -> None:
        from bench.variants.quantization.pt2e import quantize_by_export

        self.model: GraphModule = quantize_by_export(workload.model, _arguments(workload, inputs))
        self._packed_before = count_packed()

    def evidence(self, call: Callable[[], object], observation: Observation) -> dict[str, str]:  # noqa: ARG002 - the graph shows it
        """A package that another process compiled carries that process's count of kernels."""
        from bench.variants.quantization.pt2e import count_annotated

        annotated = count_annotated(self.model)
        packed = observation.int8_kernels
        packed = count_packed() - self._packed_before if packed is None else packed
        return {
            **annotated.evidence("pt2e_int8"),
            "int8_kernels": Share(int8=packed, eligible=annotated.eligible).evidence("pt2e_int8")["int8_operations"],
        }


def _arguments(workload: Workload, inputs: Mapping[str, Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that an iteration calls the model with."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def record(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
        calls.append((args, kwargs))
        return workload.model(*args, **kwargs)

    workload.iterate(record, inputs, nullcontext).call()
    return calls[0]
