"""How a cell of a history is measured again: the options of the run that measured it, and the commands that a user types."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import asdict, replace

from bench.errors import UsageError
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.digest import Digest
from bench.records.history import CellHistory
from bench.records.plan import Plan
from bench.records.request import AUTO, Request, is_file
from bench.records.source import Source, find_source
from bench.records.stated_input import InputName
from bench.records.suite import CaseFilter
from bench.run.input_options import InputOption, format_input
from bench.run.options import RunOptions
from bench.run.sources import require_input_file
from bench.suites.load import identify_suite
from bench.workloads.sources.registry import SourceWord, find_kind, parse_word

_KEPT = ("profile", "force", "instances", "threads", "openmp", "allocator", "timeout_s")
"""Options of the run that decide what is measured; how often, a rerun decides for itself."""


class OwnFiles(NamedTuple):
    """Where files of the user's lie that a history names only by their own names.

    Attributes:
        suite: Path of the suite; None if none is named.
        sources: Words as `--workload` takes them.
        inputs: Input → its `.npy` file.
    """

    suite: str | None = None
    sources: tuple[str, ...] = ()
    inputs: Mapping[InputName, str] = MappingProxyType({})


def make_options(contents: Contents, cell: CellHistory) -> RunOptions:
    """Return the options that plan a cell as a run did that measured it; files of the user's by their own names."""
    case = cell.case
    source = find_source(case, contents.plan.sources)
    wanted = CaseFilter(
        workload=(case.workload if source is None else _name_workload(source, case.workload),),
        mode=(case.mode,),
        precision=(case.precision,),
        memory_format=(case.memory_format,),
        backend=(case.backend,),
        batch_size=(case.batch_size,),
        quant_engine=() if case.quant_engine is None else (case.quant_engine,),
        group_size=() if case.group_size is None else (case.group_size,),
        shape=case.shape,
    )
    options = RunOptions(suite=contents.plan.suite, wanted=wanted, layouts=(cell.layout,), inputs=_make_inputs(source))
    return options if contents.request is None else _keep_request(options, contents.request)


def list_files(contents: Contents, cell: CellHistory) -> dict[str, Digest | None]:
    """Return the files of the user's that the options name, with their digests as far as the bundle has them."""
    plan, request = contents.plan, contents.request
    files: dict[str, Digest | None] = {}
    if is_file(plan.suite):
        files[plan.suite] = plan.suite_digest
    if request is not None and is_file(request.profile):
        files[request.profile] = None
    source = find_source(cell.case, plan.sources)
    if source is not None:
        files[source.name] = source.digest
        files |= {_name_input(name): stated.digest for name, stated in source.inputs.items() if stated.digest}
    return files


def find_files(options: RunOptions, contents: Contents, cell: CellHistory, own: OwnFiles) -> RunOptions:
    """Return the options with paths in place of names of files of the user's. No code is run before its digest is compared.

    Raises:
        UsageError: a file is not named, or is another one than that of the run.
    """
    plan = contents.plan
    inputs = {name: _find_input(name, option, own.inputs) for name, option in options.inputs.items()}
    options = replace(options, suite=_find_suite(plan, own.suite), inputs=inputs)
    source = find_source(cell.case, plan.sources)
    if source is None:
        return options
    word = _require_source(source, cell.case.workload, own.sources)
    return replace(options, wanted=replace(options.wanted, workload=(word,)))


def require_cell(plan: Plan, cell: CellHistory) -> None:
    """Refuse a plan that does not measure the very case of a history.

    Raises:
        UsageError: it does not; says in what the nearest one differs.
    """
    planned = [found.case for found in plan.cells if found.layout == cell.layout]
    if cell.case in planned:
        return
    differences = min((_compare(cell.case, case) for case in planned), key=len, default=["no such case or layout"])
    raise UsageError(
        f"{cell.case.workload}, layout {cell.layout}: this bench plans another case: {'; '.join(differences)}"
    )


def type_options(options: RunOptions) -> tuple[str, ...]:
    """Return options as a user types them."""
    amounts = {
        "instances": options.instances,
        "threads": options.threads,
        "cpus": None if options.cpus is None else format_cpulist(options.cpus),
        "memory_nodes": None if options.memory_nodes is None else format_cpulist(options.memory_nodes),
        "openmp": options.openmp,
        "allocator": options.allocator,
        "timeout": None if options.timeout_s is None else f"{options.timeout_s:g}s",
    }
    chosen = {
        "profile": () if options.profile == AUTO else (options.profile,),
        "suite": (options.suite,),
        **asdict(options.wanted),
        "shape": [f"{dimension}={value}" for dimension, value in options.wanted.shape.items()],
        "layout": options.layouts,
        **{name: () if value is None else (value,) for name, value in amounts.items()},
    }
    words = [
        word
        for name, values in chosen.items()
        if values
        for word in (f"--{name.replace('_', '-')}", ",".join(map(str, values)))
    ]
    force = ("--force",) if options.force else ()
    inputs = [word for name, given in options.inputs.items() for word in ("--input", format_input(name, given))]
    return (*words, *force, *inputs)


def _keep_request(options: RunOptions, request: Request) -> RunOptions:
    kept = {name: getattr(request, name) for name in _KEPT}
    for name in ("cpus", "memory_nodes"):
        text = getattr(request, name)
        kept[name] = None if text is None else parse_cpulist(text)
    return replace(options, **kept)


def _name_workload(source: Source, workload: str) -> str:
    """Return the word that names a workload of a source that lies in the current folder."""
    return find_kind(source.kind).typed.format(file=source.name, workload=workload.partition(".")[2])


def _name_input(name: InputName) -> str:
    return f"{name}.npy"


def _make_inputs(source: Source | None) -> dict[InputName, InputOption]:
    stated = {} if source is None else source.inputs
    return {
        name: InputOption(stated=given, file="" if given.digest is None else _name_input(name))
        for name, given in stated.items()
    }


def _find_suite(plan: Plan, path: str | None) -> str:
    """Return how the suite of a plan is named here."""
    if not is_file(plan.suite):
        if path is not None:
            raise UsageError(f"--suite {path}: the runs used {plan.suite}, a suite of bench; leave it out")
        return plan.suite
    if path is None:
        raise UsageError(f"the runs used a suite of yours, {plan.suite} ({plan.suite_digest}); name it: --suite FILE")
    digest = identify_suite(path)[1]
    if digest != plan.suite_digest:
        stated = digest or "a suite of bench"
        raise UsageError(f"--suite {path} is {stated}; the runs used {plan.suite}, {plan.suite_digest}")
    return path


def _require_source(source: Source, workload: str, words: Sequence[str]) -> str:
    """Return the word for a workload of the source with a digest, among words that may name others too."""
    for word in words:
        found = parse_word(word)
        if found is not None and found.kind.load_locate()(found).source.digest == source.digest:
            return _select(found, workload)
    raise UsageError(
        f"{workload} comes from {source.name} ({source.digest}); name your copy: --source {find_kind(source.kind).form}"
    )


def _find_input(name: InputName, option: InputOption, files: Mapping[InputName, str]) -> InputOption:
    digest = option.stated.digest
    return option if digest is None else replace(option, file=require_input_file(name, digest, files))


def _select(word: SourceWord, workload: str) -> str:
    """Return a word that names only one workload of its source."""
    return f"{word.path}:{workload.partition('.')[2]}" if "{workload}" in word.kind.typed else word.written


def _compare(wanted: Case, planned: Case) -> list[str]:
    return [
        f"{name} {getattr(planned, name)!r}, not {getattr(wanted, name)!r}"
        for name in Case.__struct_fields__
        if getattr(planned, name) != getattr(wanted, name)
    ]
