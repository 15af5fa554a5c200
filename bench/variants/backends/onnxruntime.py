"""ONNX Runtime: the model exported to ONNX and run by its CPU provider.

The provider has kernels in fp32 and int8; it has none in bf16, and around nodes in fp16 it puts casts to fp32.
"""

import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import Tensor
from typing_extensions import override

from bench.interface.workload import OnnxProgram
from bench.variants.backends.engine import Engine
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation

_PROVIDER = "CPUExecutionProvider"
_DTYPES = {
    "tensor(float)": torch.float32,
    "tensor(double)": torch.float64,
    "tensor(float16)": torch.float16,
    "tensor(int64)": torch.int64,
    "tensor(int32)": torch.int32,
    "tensor(int8)": torch.int8,
    "tensor(uint8)": torch.uint8,
    "tensor(bool)": torch.bool,
}
_PROFILED = {"float": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "double": torch.float64}


class OnnxRuntime(Engine):
    """Runs a session with inputs and outputs bound to torch's memory."""

    @override
    def evidence(self) -> dict[str, str]:
        """Return which provider ran which nodes, in a profiled call of a second session.

        Raises:
            NoEffectError: a node ran elsewhere than in the CPU provider, or none ran.
        """
        if set(self._providers) != {_PROVIDER} or not self._called:
            raise NoEffectError(
                f"onnxruntime took no effect: nodes ran in {dict(self._providers)}, {self._called} calls of the session"
            )
        return {
            "providers": _format(self._providers),
            "nodes": str(self._providers.total()),
            "operators": _format(self._operators),
            "threads_asked": str(self._threads),
            "threads_started": str(self._threads_started),
        }

    @override
    def _read(self, program: OnnxProgram, shapes: list[list[int]]) -> None:
        self._path, self._dimensions = program.onnx_file, program.dimensions

    @override
    def _convert(self, exported: torch.export.ExportedProgram) -> None:
        self._path = self._make_folder() / "model.onnx"
        self._dimensions = {}
        with warnings.catch_warnings():
            # The exporter uses deprecated parts of torch and of ONNX Script.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(exported, dynamo=True, verbose=False)
            if program is None:
                raise NoEffectError("onnxruntime took no effect: torch.onnx.export returned no program")
            program.save(self._path, external_data=True)

    @override
    def _open(self, threads: int) -> list[Tensor]:
        self._threads = threads
        options = _options(threads, self._dimensions)
        self._session = onnxruntime.InferenceSession(self._path, options, providers=[_PROVIDER])
        self._binding = self._session.io_binding()
        return [torch.empty(_static(output), dtype=_DTYPES[output.type]) for output in self._session.get_outputs()]

    @override
    def _bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for described, tensor in zip(self._session.get_inputs(), inputs, strict=True):
            self._binding.bind_input(
                described.name, "cpu", 0, _numpy_type(tensor), list(tensor.shape), tensor.data_ptr()
            )
        for described, tensor in zip(self._session.get_outputs(), outputs, strict=True):
            self._binding.bind_output(
                described.name, "cpu", 0, _numpy_type(tensor), list(tensor.shape), tensor.data_ptr()
            )
        self._inputs = list(inputs)

    @override
    def _infer(self) -> None:
        self._session.run_with_iobinding(self._binding)

    @override
    def _observe(self) -> Observation:
        options = _options(self._threads, self._dimensions)
        options.enable_profiling = True
        options.profile_file_prefix = str(self._make_folder() / "profile")
        session = onnxruntime.InferenceSession(self._path, options, providers=[_PROVIDER])
        feeds = {
            described.name: tensor.numpy() for described, tensor in zip(session.get_inputs(), self._inputs, strict=True)
        }
        session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        nodes = [event["args"] for event in events if "provider" in event.get("args", {})]
        self._providers = Counter(str(node["provider"]) for node in nodes)
        self._operators = Counter(str(node["op_name"]) for node in nodes)
        observation = Observation()
        for node in nodes:
            for described in node.get("output_type_shape", ()):
                for name, shape in described.items():
                    if name in _PROFILED:
                        observation.add(torch.empty(shape, dtype=_PROFILED[name], device="meta"))
        return observation


def _options(threads: int, dimensions: Mapping[str, int]) -> Any:  # noqa: ANN401 - the package has no types
    options = onnxruntime.SessionOptions()
    for name, extent in dimensions.items():
        options.add_free_dimension_override_by_name(name, extent)
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _static(described: Any) -> list[int]:  # noqa: ANN401 - the package has no types
    shape = list(described.shape)
    if not all(isinstance(size, int) for size in shape):
        raise NoEffectError(
            f"onnxruntime's output {described.name} has the shape {shape}, which depends on values; it cannot be bound"
        )
    return shape


def _numpy_type(tensor: Tensor) -> Any:  # noqa: ANN401 - numpy's scalar types
    return tensor.detach().reshape(-1)[:0].numpy().dtype.type


def _format(counts: Counter[str]) -> str:
    return " ".join(f"{name}:{count}" for name, count in sorted(counts.items()))
