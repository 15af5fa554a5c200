"""Sources of workloads that the user brings: found by the words of `--workload`, read in a child, kept with the run."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench.bundle.source import read_revision
from bench.errors import UsageError
from bench.hardware.detect import HOST
from bench.hardware.kernel_events import read_kernel_events
from bench.hardware.tree import Tree
from bench.launch.failure import WorkerFailedError
from bench.launch.process_tree import ending_orphans
from bench.launch.survey import survey_source, write_content
from bench.records.bundle import Contents
from bench.records.case import WorkloadFacts
from bench.records.measurement import Failure
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.records.source import MAX_ROWS, LocatedSource, Source, find_source
from bench.records.stated_input import InputName
from bench.run.input_options import InputOption
from bench.run.options import RunOptions
from bench.run.private_words import compile_value_cutter, find_private_words
from bench.workloads.sources.locate import digest_file, workload_name
from bench.workloads.sources.registry import SourceWord, find_kind, parse_word

_READERS = 8
"""Sources that are read at a time at most: each child loads torch, and may build a model."""

_ROWS_BYTES = 1 << 20
"""Of all rows of a source; a thousand take as much."""


def bring_sources(
    options: RunOptions, *, parent: Mapping[str, str], output: Path
) -> tuple[RunOptions, tuple[LocatedSource, ...]]:
    """Return the options with names in place of words for sources, and the sources.

    Args:
        options: As typed.
        parent: The environment that children inherit from.
        output: The folder for results.

    Raises:
        UsageError: a word names no source, or one that cannot be used; two workloads have one name; or something is
            stated of inputs without a source.
    """
    words = {word: parse_word(word) for word in options.wanted.workload}
    named = {word: found for word, found in words.items() if found is not None}
    if options.inputs and not named:
        raise UsageError(
            "--input states inputs of a model of your own; name one with --workload, such as ./my_models.py"
        )
    readers = min(_READERS, len(os.sched_getaffinity(0)))
    with ending_orphans(), ThreadPoolExecutor(readers) as pool:  # what their code started would run beside measurements
        read = pool.map(lambda found: _read(found, options.inputs, parent, output), named.values())
        located = dict(zip(named, read, strict=True))
    _require_distinct(located)
    names = [
        name
        for word in words
        for name in ([row.name for row in located[word].source.workloads] if word in located else [word])
    ]
    wanted = msgspec.structs.replace(options.wanted, workload=tuple(names))
    return msgspec.structs.replace(options, wanted=wanted), tuple(located.values())


def bring_again(
    contents: Contents, words: Sequence[str], files: Mapping[InputName, str], *, run_code: bool
) -> tuple[LocatedSource, ...]:
    """Return the sources of a bundle's cells as they lie here: the user's own of the same digests, or the bundle's code.

    Rows are those of the plan. No code runs here.

    Args:
        contents: Of the bundle.
        words: Sources that the user names.
        files: Of inputs, that the user names.
        run_code: The user lets code of the bundle be run.

    Raises:
        UsageError: a source or a file of an input is missing, differs or is not wanted, or is code of the bundle and may
            not be run.
    """
    located = [_locate(word) for word in words]
    used = [find_source(cell.case, contents.plan.sources) for cell in contents.plan.cells]
    wanted = list({repr(source): source for source in used if source is not None}.values())
    _require_used(files, wanted)
    for found in located:
        if all(found.source.digest != source.digest for source in wanted):
            raise UsageError(
                f"{found.path} is {found.source.digest}; the bundle's workloads come from "
                f"{', '.join(f'{source.name}, {source.digest}' for source in wanted) or 'the catalogue'}"
            )
    brought = [_bring_one(source, contents, located, files, run_code=run_code) for source in wanted]
    # No cell runs the others: their code is data, which the plan says is in the bundle of this run, too.
    others = [source for source in contents.plan.sources if source.sealed and source not in wanted]
    kept = [LocatedSource(source=other, path="", content=contents.source_files[other.digest]) for other in others]
    return (*brought, *kept)


def _require_used(files: Iterable[InputName], wanted: Iterable[Source]) -> None:
    """Refuse files of inputs for which the bundle's run took none."""
    taken = {name for source in wanted for name, stated in source.inputs.items() if stated.digest is not None}
    for name in files:
        if name not in taken:
            raise UsageError(
                f"--input {name}: the run took no file for it; it took files for {', '.join(sorted(taken)) or 'none'}"
            )


def _bring_one(
    source: Source,
    contents: Contents,
    located: Sequence[LocatedSource],
    files: Mapping[InputName, str],
    *,
    run_code: bool,
) -> LocatedSource:
    find_kind(source.kind)
    input_files = {
        name: require_input_file(name, stated.digest, files)
        for name, stated in source.inputs.items()
        if stated.digest is not None
    }
    own = next((found for found in located if found.source.digest == source.digest), None)
    if own is not None:
        return msgspec.structs.replace(own, source=source, input_files=input_files)
    content = contents.source_files.get(source.digest)
    if content is None:
        raise UsageError(
            f"workloads come from {source.name} ({source.digest}), which the bundle does not hold; name yours with --source "
            f"({find_kind(source.kind).form})"
        )
    if not run_code:
        raise UsageError(
            f"workloads are code that came with the bundle: {source.name}, {source.size_bytes} bytes, {source.digest}; read "
            "it first (bench show --source), then run it with --run-code-from-bundle"
        )
    return LocatedSource(source=source, path="", content=content, input_files=input_files)


def _locate(word: str) -> LocatedSource:
    found = parse_word(word)
    if found is None:
        raise UsageError(f"--source {word} is the name of a workload; give a path, such as ./my_models.py")
    return found.kind.load_locate()(found)


def require_input_file(name: InputName, digest: str, files: Mapping[InputName, str]) -> str:
    """Return the file of an input, which no bundle holds.

    Raises:
        UsageError: none is named, or another one.
    """
    if name not in files:
        raise UsageError(
            f"input {name} came from a file ({digest}), which the bundle does not hold; name it: --input {name}=FILE.npy"
        )
    found, _ = digest_file(Path(files[name]))
    if found != digest:
        raise UsageError(f"--input {name}={files[name]} is {found}; the run had {digest}")
    return str(Path(files[name]).absolute())


def write_sources(sources: Iterable[LocatedSource], folder: Path) -> tuple[LocatedSource, ...]:
    """Write the content of sources into a run's folder, and return them as they lie there."""
    written = []
    for located in sources:
        own = folder / located.source.digest.removeprefix("sha256:")[:16]
        if located.content is not None:
            own.mkdir(parents=True, exist_ok=True)
        written.append(write_content(located, own))
    return tuple(written)


def _read(
    word: SourceWord, inputs: Mapping[InputName, InputOption], parent: Mapping[str, str], output: Path
) -> LocatedSource:
    """Return a source with its rows; with a placeholder and the problem where its code did not give any.

    Raises:
        UsageError: it is no such source, or what it holds is refused.
    """
    located = _withhold_private(_state_inputs(word.kind.load_locate()(word), inputs), parent)
    located = _state_commit(located, word)
    source = located.source
    try:
        rows = survey_source(located, parent=parent, output=output, read_events=lambda: read_kernel_events(Tree(HOST)))
        _require_rows(rows, source.kind)
        return msgspec.structs.replace(located, source=msgspec.structs.replace(source, workloads=rows))
    except WorkerFailedError as error:
        if error.failure.reason == "refused":
            raise UsageError(error.failure.values["text"]) from error
        name = workload_name(source.kind, word.select or Path(source.name).stem)
        problem = _explain(error.failure, name)
        placeholder = msgspec.structs.replace(source, workloads=(_make_placeholder(name),), problem=problem)
        return msgspec.structs.replace(located, source=placeholder)


def _withhold_private(located: LocatedSource, parent: Mapping[str, str]) -> LocatedSource:
    """Return a source that is not to be sealed where its code holds a credential or somebody's home folder.

    All else that is sealed is cut (`bench.run.scrub`); code that is cut is other code.
    """
    if located.content is None:
        return located
    text = located.content.decode(errors="replace")
    if compile_value_cutter(find_private_words(parent, ""))(text) == text:
        return located
    return msgspec.structs.replace(located, source=msgspec.structs.replace(located.source, sealed=False))


def _state_commit(located: LocatedSource, word: SourceWord) -> LocatedSource:
    commit = read_revision(word.path, {}) if word.kind.is_checkout else None
    if commit is None:
        return located
    source = msgspec.structs.replace(located.source, details={**located.source.details, "commit": commit})
    return msgspec.structs.replace(located, source=source)


def _state_inputs(located: LocatedSource, inputs: Mapping[InputName, InputOption]) -> LocatedSource:
    stated, files = {}, {}
    for name, option in inputs.items():
        stated[name] = option.stated
        if option.file:
            path = Path(option.file)
            stated[name] = msgspec.structs.replace(option.stated, digest=digest_file(path)[0])
            files[name] = str(path.absolute())
    source = msgspec.structs.replace(located.source, inputs=stated)
    return msgspec.structs.replace(located, source=source, input_files=files)


def _require_rows(rows: Sequence[WorkloadFacts], kind: str) -> None:
    """Refuse rows that are not of their source.

    Raises:
        WorkerFailedError: as any failure of the process that read them.
    """
    problem = None
    if not rows:
        problem = "it gave no workloads"
    elif len(encode_json(rows)) > _ROWS_BYTES:
        problem = f"its rows have more than {_ROWS_BYTES >> 20} MiB"
    elif foreign := next((row.name for row in rows if not row.name.startswith(f"{kind}.")), None):
        problem = f"workload {foreign} does not begin with {kind}."
    elif len({row.name for row in rows}) < len(rows):
        problem = "two of its workloads have one name"
    if problem is not None:
        raise WorkerFailedError(Failure(reason="invalid_message", values={"text": problem}))


def _explain(failure: Failure, name: str) -> Reason:
    values = {key: value for key, value in failure.values.items() if key not in {"workload", "cause"}}
    return Reason(code="source_failed", values={"workload": name, "cause": failure.reason, **values})


def _make_placeholder(name: str) -> WorkloadFacts:
    """Return a row for what could not be read, so that it is refused by name, and everything else goes on."""
    return WorkloadFacts(
        name=name,
        family="custom",
        target="",
        summary="",
        source="",
        precisions=("fp32",),
        memory_formats=("contiguous",),
        batch_size={"inference": 1},
        shape={},
        bounds={},
        smoke_shape={},
        unit="samples",
    )


def _require_distinct(located: Mapping[str, LocatedSource]) -> None:
    owners: dict[str, str] = {}
    count = sum(len(found.source.workloads) for found in located.values())
    if count > MAX_ROWS:
        raise UsageError(f"{', '.join(located)}: {count} workloads; a run takes at most {MAX_ROWS}, so name fewer")
    for word, found in located.items():
        for row in found.source.workloads:
            other = owners.setdefault(row.name, word)
            if other != word:
                raise UsageError(
                    f"{other} and {word} both have a workload {row.name}; rename one, or measure them in two runs"
                )
