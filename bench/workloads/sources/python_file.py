"""A file of Python: rows and builders as in the catalogue, or functions from a batch size to a module and its inputs.

The simplest file has one function. Nothing else is declared, so each mode, precision and backend is offered, and what does
not work fails its cell with the reason.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from msgspec.structs import replace
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import MEMORY_FORMATS, PRECISIONS, Case, WorkloadFacts
from bench.records.lookup import suggest
from bench.records.source import LocatedSource
from bench.workloads.dtypes import weights_dtype
from bench.workloads.sources.example_inputs import generate_inputs
from bench.workloads.sources.locate import workload_name
from bench.workloads.sources.module import assemble_module, seed_generators
from bench.workloads.sources.user_module import load_user_module

_KIND = "file"
_PARAMETER = "batch_size"
_GIVEN = WeakTensorKeyDictionary()
"""Parameters of modules that this process got from the user's functions, while they exist."""


def survey_file(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the rows of a file; this runs its top level.

    Raises:
        UsageError: it holds no workload, or none of the name that is asked for.
    """
    module = load_user_module(located)
    rows = _list_rows(module, located.source.name) or _list_functions(module, located.source.name)
    if not located.select:
        return rows
    wanted = workload_name(_KIND, located.select)
    chosen = tuple(row for row in rows if row.name == wanted)
    if not chosen:
        known = [row.name.partition(".")[2] for row in rows]
        listed = f"{suggest(located.select, known)}it has {', '.join(known)}"
        raise UsageError(f"{located.source.name} has no workload {located.select}; {listed}")
    return chosen


def build_from_file(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:
    """Build a workload by the file's own function.

    Raises:
        UsageError: the function returns something else than it should, or weights that it returned before; or an input
            cannot be generated.
    """
    seed_generators()  # a file may make weights at its top level
    module = load_user_module(located)
    name = facts.target.partition(":")[2]
    function = getattr(module, name, None)
    called = f"{located.source.name}:{name}"
    if not callable(function):
        raise UsageError(f"{called} is no function; its row names it as what builds {facts.name}")
    seed_generators()
    if not _is_simple(function):
        built = _require_workload(function(case), case, called)
        _require_new(built.model, called)
        return built
    return _build_simple(function, located, case, called)


def _list_rows(module: Any, file: str) -> tuple[WorkloadFacts, ...]:  # noqa: ANN401 - a module
    """Return the rows of a file in the catalogue's form; empty if it has no table."""
    table = getattr(module, "WORKLOADS", ())
    if not isinstance(table, Sequence) or not all(isinstance(row, WorkloadFacts) for row in table):
        raise UsageError(f"{file}: WORKLOADS is no tuple of WorkloadFacts (bench.records.case)")
    return tuple(
        replace(row, name=workload_name(_KIND, row.name), target=f"{Path(file).stem}:{row.target.rpartition(':')[2]}")
        for row in table
    )


def _list_functions(module: Any, file: str) -> tuple[WorkloadFacts, ...]:  # noqa: ANN401 - a module
    """Return a row for each function of the file whose only parameter is `batch_size`."""
    functions = {
        name: function
        for name, function in vars(module).items()
        if not name.startswith("_")
        and inspect.isfunction(function)
        and function.__module__ == module.__name__
        and _is_simple(function)
    }
    if not functions:
        raise UsageError(
            f"{file} holds no workload: give it a function NAME({_PARAMETER}) that returns a module and its example inputs, "
            "or a tuple WORKLOADS as files of bench's catalogue have"
        )
    return tuple(_make_row(name, function, file) for name, function in functions.items())


def _is_simple(function: Callable[..., Any]) -> bool:
    return list(inspect.signature(function).parameters) == [_PARAMETER]


def _make_row(name: str, function: Callable[..., Any], file: str) -> WorkloadFacts:
    default = inspect.signature(function).parameters[_PARAMETER].default
    batch_size = default if isinstance(default, int) and not isinstance(default, bool) else 1
    if not 1 <= batch_size <= 1 << 20:
        raise UsageError(f"{file}:{name}: its batch size is {batch_size}; it is 1 to {1 << 20}")
    summary = " ".join((function.__doc__ or "").split())[:200]
    return WorkloadFacts(
        name=workload_name(_KIND, name),
        family="custom",
        target=f"{Path(file).stem}:{name}",
        summary=summary or f"function {name} of {file}",
        source=f"batch size of {file}",
        precisions=PRECISIONS,
        memory_formats=MEMORY_FORMATS,
        batch_size={"inference": batch_size, "training": batch_size},
        shape={},
        bounds={},
        smoke_shape={},
        unit="samples",
    )


def _require_workload(built: object, case: Case, called: str) -> Workload:
    if not isinstance(built, Workload):
        raise UsageError(f"{called} returned {type(built).__name__}, not a Workload (bench.interface.workload)")
    if case.inputs:
        raise UsageError(f"{called} makes its inputs itself; leave out --input {next(iter(case.inputs))}")
    return built


def _build_simple(function: Callable[..., Any], located: LocatedSource, case: Case, called: str) -> Workload:
    model, given = _require_pair(function(case.batch_size), called)
    _require_new(model, called)
    examples = _name_inputs(model, given, called)
    if not any(case.batch_size in example.shape for example in examples.values()):
        shapes = ", ".join(f"{name} {list(example.shape)}" for name, example in examples.items())
        raise UsageError(f"{called}: no input has a dimension of the batch size {case.batch_size}: {shapes}")
    model = model.to(weights_dtype(case.precision)).eval()
    return assemble_module(case, model, generate_inputs(case, located, model, examples))


def _require_new(model: nn.Module, called: str) -> None:
    """Refuse weights that were given before: what is measured is cast and trained, and the reference must not be."""
    parameters = list(model.parameters())
    if any(parameter in _GIVEN for parameter in parameters):
        raise UsageError(f"{called} returned weights that it had returned before; make a new module in each call")
    _GIVEN.update(dict.fromkeys(parameters))


def _require_pair(built: object, called: str) -> tuple[nn.Module, object]:
    if not isinstance(built, tuple) or len(built) != 2 or not isinstance(built[0], nn.Module):
        raise UsageError(f"{called} returned {type(built).__name__}; it returns a module and its example inputs")
    return built


def _name_inputs(model: nn.Module, given: object, called: str) -> Mapping[str, Tensor]:
    """Return example inputs by the names of the parameters of the model's `forward`."""
    if isinstance(given, Mapping):
        named = dict(given)
    else:
        values = list(given) if isinstance(given, tuple | list) else [given]
        parameters = [
            parameter.name
            for parameter in inspect.signature(model.forward).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        if len(values) > len(parameters):
            raise UsageError(
                f"{called} gives {len(values)} inputs; its module's forward takes {len(parameters)} by name"
            )
        named = dict(zip(parameters, values, strict=False))
    for name, value in named.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise UsageError(
                f"{called}: input {name} is of type {type(value).__name__}; inputs are tensors, so wrap the module in one "
                "that sets what is none"
            )
    if not named:
        raise UsageError(f"{called} gives no inputs")
    return named
