"""Model files: programs that were made elsewhere, measured as they are.

A file's precision is that of its weights; its batch size is that of its inputs, and its layout too. It cannot be
recast, quantized or trained, and its row offers nothing of that.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.errors import UsageError
from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import BackendName, Case, Precision, WorkloadFacts
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.workloads.sources.arguments import Arguments, ArgumentsInference, ByName
from bench.workloads.sources.example_inputs import generate_inputs
from bench.workloads.sources.locate import digest_file, workload_name

_PRECISIONS: Mapping[torch.dtype, Precision] = MappingProxyType(
    {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
)
_ANYTHING = StatedInput()


class OpenFile(NamedTuple):
    """A model file that was read.

    Attributes:
        model: Called with the arguments.
        arguments: Examples of them; only their shapes and data types count.
        operators: Names of the operators of its graph.
        backends: Those that can run it; None for all.
    """

    model: nn.Module
    arguments: Arguments
    operators: Collection[str]
    backends: tuple[BackendName, ...] | None = None


def survey_opened(located: LocatedSource, opened: OpenFile) -> tuple[WorkloadFacts, ...]:
    """Return the row of a file.

    Raises:
        UsageError: it has no precision that bench knows.
    """
    _refuse_quantized(located.source.name, opened.operators)
    weights = list(opened.model.parameters())
    constants = [tensor for tensor in opened.model.buffers() if tensor.dtype in _QUANTIZED]
    precision = find_precision(located.source.name, [*weights, *constants, *opened.arguments.tensors.values()])
    return (
        WorkloadFacts(
            name=workload_name(located.source.kind, Path(located.source.name).stem),
            family="custom",
            target="",
            summary=f"{located.source.name}, as it is",
            source="the file's own shapes, or those stated with --input",
            precisions=(precision,),
            memory_formats=("contiguous",),
            backends=opened.backends,
            batch_size={"inference": find_batch_size(opened.arguments.tensors)},
            fixed_batch_size=True,
            shape={},
            bounds={},
            smoke_shape={},
            parameters=sum(weight.numel() for weight in weights),
            unit="samples",
        ),
    )


def build_opened(located: LocatedSource, opened: OpenFile, case: Case) -> Workload:
    """Return the workload of a file, with generated inputs.

    Raises:
        UsageError: an input cannot be generated.
    """
    model, arguments = opened.model.eval().requires_grad_(requires_grad=False), opened.arguments

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - files are not trained
        # The reference's case is in fp32, and the file's own program is its reference.
        own = {name: tensor.to(arguments.tensors[name].dtype) for name, tensor in inputs.items()}
        return ArgumentsInference(forward, own, arguments)

    return Workload(
        case=case,
        model=model,
        inputs=generate_inputs(case, located, ByName(model, arguments), arguments.tensors),
        items_per_iteration=case.batch_size,
        fill=_nothing,
        iterate=iterate,
    )


def require_unchanged(located: LocatedSource) -> Path:
    """Return the path of a source's file.

    Raises:
        UsageError: it was changed since it was located.
    """
    path = Path(located.path)
    found, _ = digest_file(path)
    if found != located.source.digest:
        raise UsageError(
            f"{located.source.name} was changed: it is {found}, the run began with {located.source.digest}"
        )
    return path


def find_precision(name: str, tensors: Sequence[Tensor]) -> Precision:
    """Return the precision of a file, by the data types of its weights and inputs.

    Raises:
        UsageError: they are several, or of a type that no precision of bench has; a quantized model's are.
    """
    dtypes = {tensor.dtype for tensor in tensors if not tensor.dtype.is_complex} - _INTEGERS
    known = [precision for dtype, precision in _PRECISIONS.items() if dtype in dtypes]
    if len(dtypes) > 1 or not known:
        found = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes)) or "no floating-point numbers"
        raise UsageError(f"{name} holds {found}; bench measures files in one of float32, bfloat16 and float16")
    return known[0]


def _refuse_quantized(name: str, operators: Collection[str]) -> None:
    """Refuse a graph that quantizes or dequantizes: its weights alone would give it another precision."""
    quantizing = next((operator for operator in sorted(operators) if "quantiz" in operator.lower()), None)
    if quantizing is not None:
        raise UsageError(
            f"{name} is quantized (it calls {quantizing}), and bench has no name for a precision that was chosen elsewhere; "
            "give the model itself, with --precision"
        )


def find_batch_size(inputs: Mapping[str, Tensor]) -> int:
    """Return the first dimension that all inputs of one and more dimensions share; 1 where they differ."""
    first = {tensor.shape[0] for tensor in inputs.values() if tensor.ndim > 0}
    return max(1, first.pop()) if len(first) == 1 else 1


def make_example(
    name: str, shape: Sequence[int | str | None] | None, dtype: torch.dtype | None, stated: Mapping[str, StatedInput]
) -> Tensor:
    """Return a tensor of an input's shape and data type, from the file and from what the user states.

    Args:
        name: Of the input.
        shape: From the file; None where it does not say it. A dimension is None, or its name, where it is open.
        dtype: From the file, likewise.
        stated: What the user states of inputs, with the shapes of files (`example_inputs.read_shapes`).

    Raises:
        UsageError: neither says it, or they contradict one another.
    """
    given = stated.get(name, _ANYTHING)
    wanted = None if given.dtype is None else getattr(torch, given.dtype)
    if dtype is not None and wanted not in {None, dtype} and given.digest is None:  # values of files are converted
        raise UsageError(f"--input {name}: its data type is stated as {given.dtype}, the file has {dtype}")
    open_dimensions = shape is None or not all(isinstance(extent, int) for extent in shape)
    if (open_dimensions and given.shape is None) or (dtype or wanted) is None:
        described = "no shape" if shape is None else f"the shape [{', '.join(str(extent or '?') for extent in shape)}]"
        spelled = (
            "SHAPE" if shape is None else "x".join(str(extent) if isinstance(extent, int) else "N" for extent in shape)
        )
        kind = "DTYPE" if dtype is None else str(dtype).removeprefix("torch.")
        raise UsageError(f"the file gives input {name} {described}; state it: --input {name}={spelled}:{kind}")
    return torch.empty(_agree(name, shape, given.shape), dtype=dtype or wanted)


def _agree(name: str, shape: Sequence[int | str | None] | None, stated: tuple[int, ...] | None) -> list[int]:
    if stated is None:
        return [extent for extent in shape or () if isinstance(extent, int)]
    if shape is not None and not _fits(shape, stated):
        wanted = ", ".join(str(extent or "?") for extent in shape)
        raise UsageError(f"--input {name}: its shape is stated as {list(stated)}, the file has [{wanted}]")
    return list(stated)


def _fits(shape: Sequence[int | str | None], stated: tuple[int, ...]) -> bool:
    return len(shape) == len(stated) and all(
        extent == given for extent, given in zip(shape, stated, strict=True) if isinstance(extent, int)
    )


def _nothing() -> None:
    """Nothing trains a file."""


_QUANTIZED = frozenset({torch.int8, torch.uint8})
"""Data types of quantized weights, which programs keep as buffers."""

_INTEGERS = frozenset({torch.int64, torch.int32, torch.int16, torch.bool})
"""Data types of indices and masks, which say nothing of the precision; 8 bits are those of quantized weights."""
