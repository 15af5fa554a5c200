"""Models in `.onnx` files. Engines read them; an unoptimised session computes the expected outputs in eager's place.

ONNX Runtime starts threads when it is imported, so functions import it: the process that imports this module is forked.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.workloads.sources.arguments import Arguments
from bench.workloads.sources.example_inputs import read_shapes
from bench.workloads.sources.model_file import OpenFile, build_opened, make_example, require_unchanged, survey_opened

if TYPE_CHECKING:
    import onnx

_BACKENDS = ("onnxruntime", "openvino")
_FLOATS = frozenset({"FLOAT", "FLOAT16"})
_KNOWN = _FLOATS | {"DOUBLE", "INT64", "INT32", "BOOL", "STRING"}
"""Data types of weights and constants. bench has no name for the precision of weights that were quantized elsewhere, and
numpy no bfloat16."""


def survey_onnx(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the row of a model.

    Raises:
        UsageError: the file is refused, or does not say the shape of an input.
    """
    return survey_opened(located, _open(located, read_shapes(located.source.inputs, located)))


def build_onnx(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:  # noqa: ARG001 - the signature of every kind
    """Build the workload of a model.

    Raises:
        UsageError: the file was changed, or an input cannot be generated.
    """
    return build_opened(located, _open(located, read_shapes(case.inputs, located)), case)


class OnnxModel(nn.Module):
    """A model in an ONNX file, with its weights as parameters: they are counted and hashed, and engines read the file.

    Calling it runs ONNX Runtime with all optimizations of the graph off: each node by its own kernel, in the order of
    the file.

    Attributes:
        onnx_file: Where it lies.
        dimensions: Dimensions that the file names and does not fix → their values here.
    """

    expected_by = "onnxruntime, graph optimizations off"

    def __init__(self, path: Path, proto: "onnx.ModelProto", dimensions: Mapping[str, int]) -> None:
        super().__init__()
        self.onnx_file, self.dimensions = path, dimensions
        weights = [_as_tensor(weight) for weight in list_tensors(proto) if _type_name(weight) in _FLOATS]
        self.weights = nn.ParameterList(nn.Parameter(weight, requires_grad=False) for weight in weights)
        self._session: Any = None

    @override
    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the results of an unoptimised session, in the file's order."""
        if self._session is None:
            self._session = _open_unoptimised(self.onnx_file)
        names = [described.name for described in self._session.get_inputs()]
        feeds = {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}
        return tuple(torch.from_numpy(np.asarray(result)) for result in self._session.run(None, feeds))


def read_model(path: Path) -> "onnx.ModelProto":
    """Read a model that is whole in one file.

    Raises:
        UsageError: the file is no valid model, has weights in other files, or is quantized.
    """
    import onnx

    try:
        proto = onnx.load(path, load_external_data=False)
    except Exception as error:
        raise UsageError(f"{path}: no ONNX model: {_first_line(error)}") from error
    for weight in list_tensors(proto):
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            raise UsageError(
                f"{path}: weight {weight.name} is in another file; save one: onnx.save_model(onnx.load(file), one_file)"
            )
        if _type_name(weight) not in _KNOWN:
            kind = _type_name(weight).lower()
            raise UsageError(f"{path}: weight {weight.name} is {kind}; bench measures files in float32 or float16")
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise UsageError(f"{path}: no valid ONNX model: {_first_line(error)}") from error
    return proto


def list_messages(message: Any) -> Iterator[Any]:  # noqa: ANN401 - protobuf's
    """Yield a message and all within it: so no weight, constant or node is missed, be it in a branch or in a function."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if isinstance(value, Sequence) else (value,):
                yield from list_messages(inner)


def list_tensors(proto: "onnx.ModelProto") -> "Iterator[onnx.TensorProto]":
    """Yield the weights and constants of a model."""
    import onnx

    return (message for message in list_messages(proto) if isinstance(message, onnx.TensorProto))


def list_inputs(proto: "onnx.ModelProto") -> Iterator[tuple[str, tuple[int | str | None, ...], torch.dtype]]:
    """Yield the inputs that are no weights: name, dimensions, and data type.

    A dimension is its value, or its name where it is open, or None where it has no name.
    """
    weights = {weight.name for weight in proto.graph.initializer}
    for described in proto.graph.input:
        if described.name not in weights:
            tensor = described.type.tensor_type
            shape = tuple(_dimension(dimension) for dimension in tensor.shape.dim)
            yield described.name, shape, _find_dtype(described.name, tensor.elem_type)


def _open(located: LocatedSource, stated: Mapping[str, StatedInput]) -> OpenFile:
    import onnx

    path = require_unchanged(located)
    proto = read_model(path)
    described = list(list_inputs(proto))
    examples = [make_example(name, shape, dtype, stated) for name, shape, dtype in described]
    dimensions = {
        size: extent
        for (_, shape, _), example in zip(described, examples, strict=True)
        for size, extent in zip(shape, example.shape, strict=True)
        if isinstance(size, str)
    }
    arguments = Arguments(examples, {}, [name for name, _, _ in described])
    operators = {node.op_type for node in list_messages(proto) if isinstance(node, onnx.NodeProto)}
    return OpenFile(OnnxModel(path, proto, dimensions), arguments, operators, _BACKENDS)


def _dimension(dimension: Any) -> int | str | None:  # noqa: ANN401 - protobuf's
    if dimension.HasField("dim_value"):
        return int(dimension.dim_value)
    return str(dimension.dim_param) or None


def _find_dtype(name: str, elements: int) -> torch.dtype:
    import onnx

    numpy_name = onnx.helper.tensor_dtype_to_np_dtype(elements).name
    dtype = getattr(torch, numpy_name, None)
    if not isinstance(dtype, torch.dtype):
        raise UsageError(f"input {name} holds {numpy_name}, which no tensor of torch can")
    return dtype


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__


def _type_name(weight: Any) -> str:  # noqa: ANN401 - protobuf's
    import onnx

    return str(onnx.TensorProto.DataType.Name(weight.data_type))


def _as_tensor(weight: Any) -> Tensor:  # noqa: ANN401 - protobuf's
    from onnx import numpy_helper

    return torch.from_numpy(np.array(numpy_helper.to_array(weight)))


def _open_unoptimised(path: Path) -> Any:  # noqa: ANN401 - the package has no types
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
