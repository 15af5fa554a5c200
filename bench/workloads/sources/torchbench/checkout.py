"""A checkout of pytorch/benchmark: its models by name, and what is hashed of each. Nothing of it runs here."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from bench.errors import UsageError
from bench.records.lookup import suggest
from bench.records.source import LocatedSource, Source
from bench.workloads.sources.locate import clean_name, digest_listing, list_files
from bench.workloads.sources.registry import SourceWord

MODELS = Path("torchbenchmark/models")

_CODE = ("torchbenchmark", "utils")
"""Folders of the loader, of the base classes of models, and of the models."""

_OTHERS = frozenset({"models", "canary_models", "e2e_models"})
"""Folders of `torchbenchmark` with a folder for each model."""

_COMPILED = "__pycache__"
"""Python's own copies of what it ran; bench reads none of them."""


PREFIX = "torchbench/"
"""Of the words of `--workload` that name models of the checkout that `--torchbench` names."""


def expand_models(words: Sequence[str], checkout: Path | None) -> tuple[str, ...]:
    """Return the words of `--workload` with the models themselves in place of patterns such as `torchbench/hf_*`.

    Raises:
        UsageError: a pattern without a checkout, or that matches no model; or a checkout without a pattern.
    """
    patterns = [word for word in words if word.startswith(PREFIX)]
    if checkout is None:
        if patterns:
            raise UsageError(f"--workload {patterns[0]}: name a checkout of pytorch/benchmark with --torchbench DIR")
        return tuple(words)
    if not patterns:
        raise UsageError(f"--torchbench {checkout}: name its models with --workload '{PREFIX}*'")
    return tuple(
        named
        for word in words
        for named in (
            [str(checkout / MODELS / name) for name in match_models(checkout, word.removeprefix(PREFIX))]
            if word in patterns
            else [word]
        )
    )


def locate_model(word: SourceWord) -> LocatedSource:
    """Locate a model of a checkout.

    Its digest is that of a listing of the code that it may load (`list_code`), relative to the checkout.

    Raises:
        UsageError: the checkout has no such model, or a file cannot be read.
    """
    if word.select not in list_models(word.path):
        raise UsageError(
            f"{word.path} has no model {word.select}; `bench workloads --torchbench {word.path}` lists them"
        )
    digest, size_bytes = digest_listing(word.path, _list_code(word.path, word.select))
    source = Source(
        kind=word.kind.name,
        name=clean_name(Path(word.select)),
        digest=digest,
        size_bytes=size_bytes,
        workloads=(),
    )
    return LocatedSource(source=source, path=str(word.path.resolve()), select=word.select)


def list_code(located: LocatedSource) -> tuple[Path, ...]:
    """Return the files that a model may load: its own, and the loader's; none of another model's folder."""
    checkout = Path(located.path)
    return tuple(checkout / name for name in _list_code(checkout, located.select))


def require_unchanged(located: LocatedSource) -> None:
    """Refuse a checkout whose code was changed since it was located.

    Raises:
        UsageError: it was.
    """
    found, _ = digest_listing(Path(located.path), _list_code(Path(located.path), located.select))
    if found != located.source.digest:
        raise UsageError(
            f"TorchBench's {located.select} was changed: it is {found}, the run began with {located.source.digest}"
        )


def list_models(checkout: Path) -> tuple[str, ...]:
    """Return the names of a checkout's models: folders with an `__init__.py`.

    Raises:
        UsageError: the folder is no checkout of pytorch/benchmark.
    """
    try:
        names = sorted(path.parent.name for path in (checkout / MODELS).glob("*/__init__.py"))
    except OSError as error:
        raise UsageError(f"{checkout}: cannot be read: {error.strerror}") from error
    if not names:
        raise UsageError(f"{checkout}: no checkout of pytorch/benchmark: {MODELS} has no models")
    return tuple(names)


def match_models(checkout: Path, pattern: str) -> tuple[str, ...]:
    """Return the models whose names match a glob, without regard to case, as TorchBench's loader finds them.

    Raises:
        UsageError: none does; lists those that there are.
    """
    names = list_models(checkout)
    found = tuple(name for name in names if fnmatchcase(name.lower(), pattern.lower()))
    if not found:
        listed = f"{suggest(pattern, names)}there are {', '.join(names)}"
        raise UsageError(f"no model of {checkout} matches {pattern!r}; {listed}")
    return found


def _list_code(checkout: Path, model: str) -> Iterator[str]:
    for part in _CODE:
        for name in list_files(checkout / part):
            path = Path(part, name)
            if _COMPILED not in path.parts and not _is_of_other(path, model):
                yield str(path)


def _is_of_other(path: Path, model: str) -> bool:
    """Return whether a file is in the folder of another model."""
    return len(path.parts) > 3 and path.parts[1] in _OTHERS and not path.is_relative_to(MODELS / model)
