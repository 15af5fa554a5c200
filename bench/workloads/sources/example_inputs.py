"""Inputs of a model of the user: values by bench's generator, in the shapes and data types of examples.

Integers need bounds: stated by the user, or found as the rows of the embedding that they index.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from typing_extensions import override

from bench.errors import UsageError
from bench.records.case import Case
from bench.records.lookup import suggest
from bench.records.source import LocatedSource
from bench.records.stated_input import InputDtype, StatedInput
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.sources.locate import digest_bytes

_ANYTHING = StatedInput()


def generate_inputs(
    case: Case, located: LocatedSource, model: nn.Module, examples: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the inputs of a case, floating-point ones in float32.

    Args:
        case: It states what the user states of inputs.
        located: Its source, with the files of inputs.
        model: Runs once where the bounds of integers have to be found.
        examples: Name → a tensor of the right shape and data type; its values are not used.

    Raises:
        UsageError: an input is stated that the model does not have, differs from its example, or cannot be generated.
    """
    for name in case.inputs:
        if name not in examples:
            listed = f"{suggest(name, examples)}it has {', '.join(examples)}"
            raise UsageError(f"--input {name}: {case.workload} has no such input; {listed}")
    made = {name: _make_input(name, example, case, located) for name, example in examples.items()}
    unknown = {
        name: torch.zeros(example.shape, dtype=example.dtype)
        for name, example in examples.items()
        if made[name] is None
    }
    inputs = {name: unknown[name] if tensor is None else tensor for name, tensor in made.items()}
    for name, rows in find_rows(model, inputs, unknown).items():
        inputs[name] = _generate_integers(name, examples[name], 0, rows - 1)
    return inputs


def read_shapes(stated: Mapping[str, StatedInput], located: LocatedSource) -> dict[str, StatedInput]:
    """Return what is stated of inputs, with the shape and the data type of those whose values are in a file.

    Raises:
        UsageError: a file cannot be read.
    """
    complete = dict(stated)
    for name, given in stated.items():
        if given.digest is not None:
            values = _load_values(name, given.digest, Path(located.input_files[name]))
            complete[name] = replace(given, shape=tuple(values.shape), dtype=_name_dtype(values.dtype))
    return complete


def _name_dtype(dtype: torch.dtype) -> InputDtype | None:
    """Return a data type as it is stated; float64, which numpy has by default, becomes float32 as all generated inputs."""
    name = str(dtype).removeprefix("torch.").replace("float64", "float32")
    return next((known for known in get_args(InputDtype) if known == name), None)


def _make_input(name: str, example: Tensor, case: Case, located: LocatedSource) -> Tensor | None:
    """Return an input; None for integers whose bounds are not stated."""
    stated = case.inputs.get(name, _ANYTHING)
    _require_agreement(name, stated, example)
    if stated.digest is not None:
        return _read_values(name, stated.digest, Path(located.input_files[name]), example)
    if example.is_complex():
        raise UsageError(f"input {name} is complex; give its values with --input {name}=FILE.npy")
    if example.is_floating_point():
        return uniform_tensor(name, tuple(example.shape))
    if example.dtype == torch.bool:
        return integer_tensor(name, tuple(example.shape), below=2).bool()
    if stated.least is not None and stated.greatest is not None:
        return _generate_integers(name, example, stated.least, stated.greatest)
    return None


def find_rows(model: nn.Module, inputs: Mapping[str, Tensor], indices: Mapping[str, Tensor]) -> dict[str, int]:
    """Return how many rows the smallest embedding has that reads each of some inputs.

    Args:
        model: Runs once, with these inputs.
        inputs: All of its inputs.
        indices: Those in question, zeros; a row 0 is in each embedding.

    Raises:
        UsageError: no embedding reads one of them.
    """
    if not indices:
        return {}
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    given = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
    with torch.no_grad(), _EmbeddingReads(indices) as reads:
        model(**given)
    for name in indices:
        if name not in reads.rows:
            raise UsageError(
                f"input {name} holds integers, and no embedding reads them: state their range with --input {name}=0..N, or "
                f"give their values with --input {name}=FILE.npy"
            )
    return {name: reads.rows[name] for name in indices}


class _EmbeddingReads(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own hook for subclasses
    """Watches which embeddings read some tensors, or copies of them.

    Attributes:
        rows: Input → rows of the smallest embedding that reads it.
    """

    def __init__(self, indices: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch gives it no types
        self.rows: dict[str, int] = {}
        self._names = {tensor.untyped_storage().data_ptr(): name for name, tensor in indices.items()}
        self._kept: list[Tensor] = []

    @override
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        called = func.overloadpacket.__name__
        if called == "embedding" or "embedding_bag" in called:
            name = self._name_of(args[1])
            if name is not None:
                self.rows[name] = min(self.rows.get(name, args[0].shape[0]), args[0].shape[0])
        elif called in {"_to_copy", "clone", "contiguous"} and isinstance(result, Tensor):
            name = self._name_of(args[0])
            if name is not None:
                self._names[result.untyped_storage().data_ptr()] = name
                self._kept.append(result)  # its address may not be used again for something else
        return result

    def _name_of(self, tensor: Tensor) -> str | None:
        return self._names.get(tensor.untyped_storage().data_ptr())


def _generate_integers(name: str, example: Tensor, least: int, greatest: int) -> Tensor:
    limits = torch.iinfo(example.dtype)
    if least < limits.min or greatest > limits.max or greatest - least >= 1 << 32:
        raise UsageError(
            f"--input {name}={least}..{greatest}: {example.dtype} cannot hold it, or it is beyond 2³² values"
        )
    values = integer_tensor(name, tuple(example.shape), below=greatest - least + 1) + least
    return values.to(example.dtype)


def _require_agreement(name: str, stated: StatedInput, example: Tensor) -> None:
    dtype = str(example.dtype).removeprefix("torch.")
    if stated.shape is not None and stated.shape != tuple(example.shape):
        raise UsageError(
            f"--input {name}: its shape is stated as {list(stated.shape)}, the model has {list(example.shape)}"
        )
    if stated.dtype is not None and stated.dtype != dtype:
        raise UsageError(f"--input {name}: its data type is stated as {stated.dtype}, the model has {dtype}")


def _read_values(name: str, digest: str, path: Path, example: Tensor) -> Tensor:
    """Return the values of a `.npy` file, in the example's data type."""
    values = _load_values(name, digest, path)
    if values.shape != example.shape:
        raise UsageError(
            f"--input {name}: {path.name} has the shape {list(values.shape)}, wanted {list(example.shape)}"
        )
    wanted = torch.float32 if example.is_floating_point() else example.dtype
    if values.is_floating_point() != example.is_floating_point() or values.is_complex() != example.is_complex():
        raise UsageError(f"--input {name}: {path.name} holds {values.dtype}, wanted {example.dtype}")
    return values.to(wanted)


def _load_values(name: str, digest: str, path: Path) -> Tensor:
    """Return the array of a `.npy` file; one of objects is code, and is refused."""
    try:
        content = path.read_bytes()
        if digest_bytes(content) != digest:
            raise UsageError(f"--input {name}: {path.name} was changed since the run began")
        return torch.from_numpy(np.load(io.BytesIO(content), allow_pickle=False))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"--input {name}: {path.name} cannot be read: {error}") from error
