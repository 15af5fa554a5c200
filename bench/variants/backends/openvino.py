"""OpenVINO: the exported model converted and compiled for the CPU.

By default OpenVINO computes in bf16 wherever the CPU can, whatever the model's type. So the precision is always set:
f32 for fp32; bf16 for bf16, whose weights are bf16 already, and for amp_bf16, whose weights stay fp32. OpenVINO then
decides, as autocast does, which operations are computed in bf16. f16 likewise. Where weights alone are quantized,
activations stay in bf16: OpenVINO's own quantization of activations beside such weights is switched off.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import openvino
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder
from torch import Tensor
from typing_extensions import override

from bench.backends.registry import find_backend
from bench.interface.workload import OnnxProgram
from bench.records.precision import PRECISION_FACTS, FloatName
from bench.variants.backends.engine import Engine
from bench.variants.backends.openvino_weights import Compressed, compress_weights
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation

_HINTS: Mapping[FloatName, str] = MappingProxyType({"float32": "f32", "bfloat16": "bf16", "float16": "f16"})
_ABILITIES: Mapping[str, str] = MappingProxyType({"f32": "FP32", "bf16": "BF16", "f16": "FP16"})
_DTYPES = {
    "f32": torch.float32,
    "f64": torch.float64,
    "bf16": torch.bfloat16,
    "f16": torch.float16,
    "i64": torch.int64,
    "i32": torch.int32,
    "i8": torch.int8,
    "u8": torch.uint8,
    "boolean": torch.bool,
}
_FLOATING = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
_NO_WORK = frozenset({"Const", "Input", "Output", "Reorder", "Reshape"})
_CHANNELS_LAST = "acdb"
"""The CPU plugin's name for a layout of four dimensions whose second is innermost."""


class OpenVino(Engine):
    """Runs an infer request with inputs and outputs in torch's memory."""

    _compressed: Compressed | None = None
    """What became of the weights, where they are compressed; a model that was read from a file is left as it is."""

    @override
    def evidence(self) -> dict[str, str]:
        """Return where and how the model runs, as the compiled model reports it.

        Raises:
            NoEffectError: it runs elsewhere, in another precision than was asked for, or with other threads.
        """
        model = self._compiled
        devices = list(model.get_property("EXECUTION_DEVICES"))
        hint = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        threads = model.get_property("INFERENCE_NUM_THREADS")
        wanted = _HINTS[PRECISION_FACTS[self._case.precision].computes]
        if devices != ["CPU"] or hint != wanted or threads != self._threads or not self._called:
            raise NoEffectError(
                f"openvino took no effect: runs on {devices} in {hint} with {threads} threads after {self._called} calls, "
                f"wanted CPU, {wanted} and {self._threads}"
            )
        return {
            **self._compression_evidence(),
            "devices": " ".join(devices),
            "precision_hint": hint,
            "nodes": str(self._kernels.total()),
            "kernels": " ".join(f"{name}:{count}" for name, count in sorted(self._kernels.items())),
            "threads_asked": str(self._threads),
            "threads_started": str(self._threads_started),
        }

    def _compression_evidence(self) -> dict[str, str]:
        """Return what became of the weights where they were to be compressed, and which products read them so."""
        done = self._compressed
        if done is None:
            return {}
        products = Counter(
            {name: count for name, count in self._products.items() if name.rpartition(":")[2] == done.element}
        )
        if not products or done.bytes_after >= done.bytes_before:
            raise NoEffectError(
                f"{self._case.precision} took no effect: {products.total()} of {done.eligible} products read weights of "
                f"{done.element}, which take {done.bytes_after} bytes, {done.bytes_before} before"
            )
        return {
            "parameter_dtypes": f"{done.dtype}:{done.layers}",
            "quantized_layers": f"{products.total()} of {done.eligible}",
            "weight_bytes_before": str(done.bytes_before),
            "weight_bytes_after": str(done.bytes_after),
            "product_kernels": " ".join(f"{name}:{count}" for name, count in sorted(self._products.items())),
        }

    @override
    def _read(self, program: OnnxProgram, shapes: list[list[int]]) -> None:
        self._converted = openvino.Core().read_model(program.onnx_file)
        self._converted.reshape(dict(enumerate(shapes)))

    @override
    def _convert(self, exported: torch.export.ExportedProgram) -> None:
        # `openvino.convert_model` does the same, and sends telemetry.
        frontend = FrontEndManager().load_by_framework("pytorch")
        with _no_warnings():
            decoder = TorchFXPythonDecoder.from_exported_program(exported)
            self._converted = frontend.convert(frontend.load(decoder))
        # Static shapes let the plugin choose its kernels when it compiles.
        shapes = [list(tensor.shape) for tensor in exported.example_inputs[0]] if exported.example_inputs else []
        self._converted.reshape(dict(enumerate(shapes)))
        if self._case.precision in find_backend(self._case.backend).quantizes:
            self._compressed = compress_weights(self._converted, self._case.group_size)

    @override
    def _open(self, threads: int) -> list[Tensor]:
        core = openvino.Core()
        hint = _HINTS[PRECISION_FACTS[self._case.precision].computes]
        abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if _ABILITIES[hint] not in abilities:
            raise NoEffectError(f"openvino has no {hint} on this CPU; it offers {', '.join(abilities)}")
        self._threads = threads
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # the process is bound already
            "INFERENCE_PRECISION_HINT": hint,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
        self._compiled = core.compile_model(self._converted, "CPU", settings)
        del self._converted
        self._request = self._compiled.create_infer_request()
        return [torch.empty(_static(tensor), dtype=_DTYPES[_type_name(tensor)]) for tensor in self._compiled.outputs]

    @override
    def _bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self._held = [_share(tensor) for tensor in (*inputs, *outputs)]
        for index in range(len(inputs)):
            self._request.set_input_tensor(index, self._held[index])
        for index in range(len(outputs)):
            self._request.set_output_tensor(index, self._held[len(inputs) + index])

    @override
    def _infer(self) -> None:
        self._request.infer()

    @override
    def _observe(self) -> Observation:
        observation = Observation()
        self._kernels: Counter[str] = Counter()
        self._products: Counter[str] = Counter()
        for operation in self._compiled.get_runtime_model().get_ops():
            facts = {name: operation.get_rt_info()[name].astype(str) for name in _wanted(operation)}
            if facts.get("layerType", "Const") in _NO_WORK:
                continue
            self._kernels[facts["primitiveType"]] += 1
            if facts["layerType"] == "FullyConnected":
                weight = operation.input_value(1).get_node().get_rt_info()["outputPrecisions"].astype(str)
                self._products[f"{facts['primitiveType']}:{weight}"] += 1
            layouts = facts["outputLayouts"].split(",")
            # OpenVINO writes a precision once where all results have it, as for a pooling's maxima and their indices.
            precisions = facts["outputPrecisions"].split(",")
            precisions = precisions * len(layouts) if len(precisions) == 1 else precisions
            for precision, layout in zip(precisions, layouts, strict=True):
                if precision in _FLOATING:
                    observation.dtypes[_FLOATING[precision]] += 1
                    observation.maps += len(layout) == 4
                    observation.channels_last += layout == _CHANNELS_LAST
        return observation


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Silence logging: the decoder logs a stack trace for each operator that torch no longer decomposes."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _wanted(operation: Any) -> list[str]:  # noqa: ANN401 - the package's types are not loaded
    facts = operation.get_rt_info()
    return [name for name in ("layerType", "primitiveType", "outputPrecisions", "outputLayouts") if name in facts]


def _share(tensor: Tensor) -> Any:  # noqa: ANN401 - the package's types are not loaded
    """Return the engine's view of a tensor's memory; numpy has no bfloat16, so such a tensor is passed as integers."""
    if tensor.dtype == torch.bfloat16:
        shape = openvino.Shape(list(tensor.shape))
        return openvino.Tensor(tensor.view(torch.int16).numpy(), shape, openvino.Type.bf16)
    return openvino.Tensor(tensor.numpy(), shared_memory=True)


def _static(described: Any) -> list[int]:  # noqa: ANN401 - the package's types are not loaded
    if described.partial_shape.is_dynamic:
        raise NoEffectError(
            f"openvino's output has the shape {described.partial_shape}, which depends on values; it cannot be bound"
        )
    return list(described.shape)


def _type_name(described: Any) -> str:  # noqa: ANN401 - the package's types are not loaded
    name: str = described.element_type.get_type_name()
    return name
