"""Programs of torch.export, in `.pt2` files: graphs of operators with their weights.

torch reads such a file with pickle where its weights are of subclasses of tensors, and loads compiled code that lies in
it. So the archive is looked through first, and what is not plain weights, a graph and example inputs is refused.
"""

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zipfile import BadZipFile, ZipFile, ZipInfo

import msgspec
import torch
from torch import Tensor, nn
from torch.export.graph_signature import ConstantArgument, InputKind, TensorArgument
from torch.utils import _pytree as pytree
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.workloads.sources.archive import list_members, refuse_others
from bench.workloads.sources.arguments import Arguments
from bench.workloads.sources.example_inputs import read_shapes
from bench.workloads.sources.model_file import OpenFile, build_opened, make_example, require_unchanged, survey_opened

_MEMBERS = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/[a-z_]+|extra/[^/]*|models/model\.json"
    r"|data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt"
)
"""Members of an archive that torch reads without running anything; the example inputs are read as weights only."""

_CONFIG_BYTES = 64 << 20
"""Of the list of tensors; a hundred thousand take as much."""

_AGAIN = "save the program of plain tensors by torch.export.save"


def survey_program(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the row of a program.

    Raises:
        UsageError: the file is refused, or does not say the shape of an input.
    """
    return survey_opened(located, _open(located, read_shapes(located.source.inputs, located)))


def build_program(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:  # noqa: ARG001 - the signature of every kind
    """Build the workload of a program.

    Raises:
        UsageError: the file was changed, or an input cannot be generated.
    """
    return build_opened(located, _open(located, read_shapes(case.inputs, located)), case)


class ExportedModel(nn.Module):
    """A program as a module. It has no mode of training, as its graph was made in one."""

    expected_by = "the program's operators in eager, in its own precision"

    def __init__(self, program: torch.export.ExportedProgram) -> None:
        super().__init__()
        self.program = program.module(check_guards=False)
        # torch checks the inputs of each call in Python; bench's are those that the program was read for.
        self.program._forward_pre_hooks.clear()  # noqa: SLF001 - torch has no other way to call the graph alone

    @override
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the graph."""
        return self.program(*args, **kwargs)

    @override
    def train(self, mode: bool = True) -> "ExportedModel":
        """Leave the program as it is; torch refuses to change it."""
        self.training = mode
        return self


def load_program(path: Path) -> torch.export.ExportedProgram:
    """Read a program; no code of it runs.

    Raises:
        UsageError: the file is no such program, or holds what may be code.
    """
    members = list_members(path)
    refuse_others(path, members, _MEMBERS, form="a program of torch.export", way_out=_AGAIN)
    _refuse_pickles(path)
    try:
        # Should torch find what was not found here, it reads no pickle either.
        with patch.dict(os.environ, {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}):
            return torch.export.load(path)
    except Exception as error:  # torch raises whatever its readers raise
        words = " ".join(str(error).split())[:200]
        raise UsageError(f"{path}: torch {torch.__version__} cannot read this program: {words}") from error


def _open(located: LocatedSource, stated: Mapping[str, StatedInput]) -> OpenFile:
    program = load_program(require_unchanged(located))
    inputs = list(_user_inputs(program))
    shapes = {node.name: node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"}
    names = [spec.arg.name for spec in inputs]
    leaves = [
        _make_example(spec.arg.name, shapes[spec.arg.name], stated)
        if isinstance(spec.arg, TensorArgument)
        else spec.arg.value
        for spec in inputs
    ]
    args, kwargs = pytree.tree_unflatten(leaves, program.call_spec.in_spec)
    graphs = [module for module in program.graph_module.modules() if isinstance(module, torch.fx.GraphModule)]
    operators = {str(node.target) for graph in graphs for node in graph.graph.nodes if node.op == "call_function"}
    return OpenFile(ExportedModel(program), Arguments(args, kwargs, names), operators)


def _make_example(name: str, described: Tensor, stated: Mapping[str, StatedInput]) -> Tensor:
    extents: list[object] = list(described.shape)  # an open one is a symbol
    shape = [extent if isinstance(extent, int) else str(extent) for extent in extents]
    return make_example(name, shape, described.dtype, stated)


def _user_inputs(program: torch.export.ExportedProgram) -> Iterator[Any]:
    for spec in program.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            if not isinstance(spec.arg, TensorArgument | ConstantArgument):
                raise UsageError(
                    f"input {spec.arg.name} of this program is a number that may vary; export it as a constant"
                )
            yield spec


class _Payload(msgspec.Struct):
    """How a tensor is stored, as far as it matters here."""

    use_pickle: bool


class _Config(msgspec.Struct):
    """Which tensors an archive has."""

    config: dict[str, _Payload]


def _refuse_pickles(path: Path) -> None:
    """Refuse weights that are stored as pickles."""
    with ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith("_config.json"):
                for tensor, payload in _read_config(path, archive, member).config.items():
                    if payload.use_pickle:
                        raise UsageError(f"{path}: {tensor} is stored as a pickle, which may run code; {_AGAIN}")


def _read_config(path: Path, archive: ZipFile, member: ZipInfo) -> _Config:
    if member.file_size > _CONFIG_BYTES:
        raise UsageError(f"{path}: {member.filename} has {member.file_size} bytes; at most {_CONFIG_BYTES} are read")
    try:
        return msgspec.json.decode(archive.read(member), type=_Config)
    except (msgspec.MsgspecError, BadZipFile, zlib.error) as error:
        raise UsageError(f"{path}: {member.filename} cannot be read: {error}") from error
