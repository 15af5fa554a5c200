"""Build a model by the loader of a checkout of pytorch/benchmark, and undo what that changes in this process.

The checkout's code runs here, so only workers and the child that asks for facts import this module.
"""

import importlib
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import nn
from typing_extensions import override

from bench.records.case import Mode
from bench.workloads.sources.module import seed_generators

TESTS: Mapping[Mode, str] = {"inference": "eval", "training": "train"}
"""Mode → TorchBench's word for it."""

_STAGES = ("forward", "backward", "optimizer_step")


class Built(NamedTuple):
    """A model that TorchBench's loader has built.

    Attributes:
        benchmark: TorchBench's own object, with the stages of training where it has them.
        module: What `get_module` returns first.
        args, kwargs: The example inputs that `get_module` returns beside it. `get_input_iter` is left alone: where
            a model overrides it, it draws another batch size or length in each step.
        takes_gradients: TorchBench lists the model among those that compute gradients in inference.
    """

    benchmark: Any
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    takes_gradients: bool


class UnavailableError(Exception):
    """A model cannot be built with what there is here.

    Attributes:
        lacks: What is missing: `package` or `download`; None where the model itself refuses.
        name: The package, `from` the hosts or `of` the file, or the model's own words.
    """

    def __init__(self, lacks: str | None, name: str) -> None:
        super().__init__(f"lacks the {lacks} {name}" if lacks else name)
        self.lacks = lacks
        self.name = name


def load_class(checkout: Path, model: str) -> Any:  # noqa: ANN401 - TorchBench's own class
    """Import a model by `load_model_by_name`, and return its class; nothing is built.

    The checkout's folder stays in the search path, behind all installed packages, as models import more when they run.

    Raises:
        UnavailableError: it imports a package that is not installed, or another TorchBench is installed.
    """
    if str(checkout) not in sys.path:
        sys.path_hooks.insert(0, partial(_find_source, checkout))
        sys.path.append(str(checkout))
    with _explaining(checkout), _restoring():
        package = importlib.import_module("torchbenchmark")
        if not Path(str(package.__file__)).is_relative_to(checkout):
            raise UnavailableError(None, f"another TorchBench is installed, {package.__file__}; uninstall it")
        found = package.load_model_by_name(model)
    if found is None:
        raise UnavailableError(None, f"torchbenchmark/models/{model} has no class Model")
    return found


class _SourceLoader(SourceFileLoader):
    """Reads no compiled copy of a file, which could hold other code than the file that is hashed, and writes none."""

    @override
    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Refuse what a compiled copy is compared with."""
        raise FileNotFoundError(path)


def _find_source(checkout: Path, folder: str) -> FileFinder:
    """Return what finds modules in a folder of the checkout: an entry of `sys.path_hooks`."""
    if not Path(folder).is_relative_to(checkout):
        raise ImportError
    return FileFinder(folder, (_SourceLoader, SOURCE_SUFFIXES))


def is_staged(model: Any) -> bool:  # noqa: ANN401 - TorchBench's own class or object
    """Return whether training has stages: `forward`, `backward` and `optimizer_step`."""
    return all(callable(getattr(model, stage, None)) for stage in _STAGES)


def build_model(checkout: Path, model: str, *, mode: Mode, batch_size: int | None) -> Built:
    """Build a model on the CPU, with a batch size.

    What a constructor sets for the whole process is undone: default device, default data type, threads, and the
    precision of products, so that it changes no other model and no measurement.

    Raises:
        UnavailableError: a package or a download is missing, or the model refuses.
    """
    factory = load_class(checkout, model)
    seed_generators()
    with _explaining(checkout), _restoring():
        benchmark = factory(test=TESTS[mode], device="cpu", batch_size=batch_size)
        module, inputs = benchmark.get_module()
    if not isinstance(module, nn.Module):
        raise UnavailableError(None, f"get_module returns {type(module).__name__}, which is no module of torch")
    args, kwargs = _as_arguments(inputs)
    return Built(benchmark, module, args, kwargs, model in _special_models())


def _as_arguments(inputs: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,), {}


def _special_models() -> tuple[str, ...]:
    check = importlib.import_module("torchbenchmark.util.env_check")
    return tuple(getattr(check, "USE_GRAD_IN_INFERENCE", ()))


@contextmanager
def _restoring() -> Iterator[None]:
    before: list[tuple[Callable[[Any], object], Any]] = [
        (torch.set_default_dtype, torch.get_default_dtype()),
        (torch.set_num_threads, torch.get_num_threads()),
        (torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()),
        (torch.set_grad_enabled, torch.is_grad_enabled()),
        (torch.set_default_device, None),
    ]
    seed, argv = torch.manual_seed, sys.argv
    sys.argv = argv[:1]  # some models read options from it
    try:
        yield
    finally:
        torch.manual_seed, sys.argv = seed, argv
        for restore, value in before:
            restore(value)


@contextmanager
def _explaining(checkout: Path) -> Iterator[None]:
    """Refuse connections, and raise UnavailableError for what is missing."""
    asked: dict[str, None] = {}

    def refuse(*where: Any, **_: object) -> Any:  # noqa: ANN401 - in place of several functions
        host = where[-1][0] if isinstance(where[-1], tuple) else where[0]
        asked[str(host)] = None
        raise OSError(f"bench builds models without a network, and this one asks for {host}")

    with ExitStack() as patches:
        patches.enter_context(patch.object(socket, "getaddrinfo", refuse))
        patches.enter_context(patch.object(socket.socket, "connect", refuse))
        try:
            yield
        except Exception as error:
            raise _explain(error, tuple(asked), checkout) or error from error


def _explain(error: Exception, asked: tuple[str, ...], checkout: Path) -> UnavailableError | None:
    """Return what is missing; None where the error says something else."""
    for cause in _causes(error):
        if isinstance(cause, UnavailableError):
            return cause
        if isinstance(cause, ModuleNotFoundError) and not _is_in(checkout, cause.name):
            return UnavailableError("package", str(cause.name))
        if isinstance(cause, FileNotFoundError) and (file := _find_inside(checkout, cause.filename)):
            return UnavailableError("download", f"of {file}, which its install.py fetches")
        if isinstance(cause, NotImplementedError):
            return UnavailableError(None, _first_words(cause))
        if type(cause).__name__ in {"LocalEntryNotFoundError", "OfflineModeIsEnabled"}:
            return UnavailableError("download", f"from huggingface.co: {_first_words(error)}")
    return UnavailableError("download", f"from {', '.join(asked)}") if asked else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(20):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _is_in(checkout: Path, module: str | None) -> bool:
    """Return whether a missing module is one of the checkout's own: then the checkout is incomplete, or the model is wrong."""
    return module is None or (checkout / module.partition(".")[0]).is_dir()


def _find_inside(checkout: Path, file: object) -> str | None:
    """Return a file that is missing in the checkout, relative to it."""
    if not isinstance(file, str) or not Path(file).is_relative_to(checkout):
        return None
    return str(Path(file).relative_to(checkout))


def _first_words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
