"""TorchScript programs, in `.ts` files. torch reads them in C++, without Python's pickle."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.workloads.sources.archive import is_torchscript, list_members
from bench.workloads.sources.arguments import Arguments
from bench.workloads.sources.example_inputs import read_shapes
from bench.workloads.sources.model_file import OpenFile, build_opened, make_example, require_unchanged, survey_opened

_BACKENDS = ("eager", "torchscript")
"""torch.compile and torch.export do not see into a TorchScript program."""


def survey_script(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the row of a program.

    Raises:
        UsageError: the file is refused, or nobody states the shape and data type of an input.
    """
    return survey_opened(located, _open(located, read_shapes(located.source.inputs, located)))


def build_script(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:  # noqa: ARG001 - the signature of every kind
    """Build the workload of a program.

    Raises:
        UsageError: the file was changed, or an input cannot be generated.
    """
    return build_opened(located, _open(located, read_shapes(case.inputs, located)), case)


class ScriptModel(nn.Module):
    """A TorchScript program as a module: its interpreter runs one operator after another, and fuses nothing."""

    expected_by = "TorchScript's interpreter, in the program's own precision"

    def __init__(self, program: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.program = program

    @override
    def forward(self, *args: Any) -> Any:
        """Run the program."""
        return self.program(*args)

    @override
    def train(self, mode: bool = True) -> "ScriptModel":
        """Leave the program as it was saved."""
        self.training = mode
        return self


def load_script(path: Path) -> torch.jit.ScriptModule:
    """Read a program.

    Raises:
        UsageError: the file is no such program; says how a pickled module becomes one.
    """
    if not is_torchscript(list_members(path)):
        raise UsageError(
            f"{path}: no TorchScript program; a module that torch.save wrote is a pickle, which may run code: save it by "
            "torch.export.save(torch.export.export(module, inputs), 'model.pt2')"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            program: torch.jit.ScriptModule = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call] # torch gives it no types
    except RuntimeError as error:
        raise UsageError(
            f"{path}: torch {torch.__version__} cannot read this program: {' '.join(str(error).split())[:200]}"
        ) from error
    return program


def _open(located: LocatedSource, stated: Mapping[str, StatedInput]) -> OpenFile:
    program = load_script(require_unchanged(located))
    names = list_arguments(program)
    examples = [make_example(name, None, None, stated) for name in names]
    operators = frozenset(_list_operators(program.inlined_graph))
    return OpenFile(ScriptModel(program), Arguments(examples, {}, names), operators, _BACKENDS)


def _list_operators(block: Any) -> Iterator[str]:  # noqa: ANN401 - a graph or a block of it, in C++
    for node in block.nodes():
        yield node.kind()
        for inner in node.blocks():
            yield from _list_operators(inner)


def list_arguments(program: torch.jit.ScriptModule) -> list[str]:
    """Return the names of the tensors that a program takes.

    Raises:
        UsageError: it takes something else that has no default.
    """
    names = []
    for argument in program.forward.schema.arguments[1:]:  # type: ignore[attr-defined] # a method of C++'s
        if argument.type.kind() == "TensorType":
            names.append(argument.name)
        elif not argument.has_default_value():
            raise UsageError(f"argument {argument.name} of this program is a {argument.type}, and no tensor")
    return names
