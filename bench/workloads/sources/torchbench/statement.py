"""Read what TorchBench itself states of its models, from their files: no code of a checkout runs, and torch is not loaded."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.records.torchbench import NotImplementedTest, TorchBenchListing, TorchBenchModel
from bench.workloads.sources.torchbench.checkout import MODELS, list_models

_MAX_BYTES = 1 << 20
"""Of a file: more is not read, and states nothing."""

_BATCH_SIZES = range(1, (1 << 20) + 1)


def list_statements(checkout: Path, commit: str | None) -> TorchBenchListing:
    """Return the models of a checkout with what is stated of them.

    Args:
        checkout: The folder.
        commit: That is checked out; None where it is unknown.

    Raises:
        UsageError: the folder is no checkout of pytorch/benchmark.
    """
    models = tuple(read_statement(checkout / MODELS / name) for name in list_models(checkout))
    return TorchBenchListing(commit=commit, models=models)


def read_statement(folder: Path) -> TorchBenchModel:
    """Return what a model's files state; values that cannot be read are left out."""
    stated = dict(_read_class(_read(folder / "__init__.py")))
    metadata = _read_metadata(_read(folder / "metadata.yaml"))
    return TorchBenchModel(
        name=folder.name,
        eval_batch_size=_as_batch_size(stated.get("DEFAULT_EVAL_BSIZE")),
        train_batch_size=_as_batch_size(stated.get("DEFAULT_TRAIN_BSIZE")),
        fixed_batch_size=stated.get("ALLOW_CUSTOMIZE_BSIZE") is False,
        devices=_read_devices(metadata.get("devices")),
        not_implemented=tuple(_read_left_out(metadata.get("not_implemented"))),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError:
        return b""
    return content if len(content) <= _MAX_BYTES else b""


def _read_class(content: bytes) -> Iterator[tuple[str, object]]:
    """Yield what the body of a file's class `Model` assigns to names, where it is a constant."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Model")
    for statement in (statement for node in classes for statement in node.body):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value.value


def _read_metadata(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.yaml.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}


def _read_devices(stated: object) -> dict[str, dict[str, int]]:
    if not isinstance(stated, dict):
        return {}
    return {
        str(device): {str(name): value for name, value in sizes.items() if _as_batch_size(value)}
        for device, sizes in stated.items()
        if isinstance(sizes, dict)
    }


def _read_left_out(stated: object) -> Iterator[NotImplementedTest]:
    for entry in stated if isinstance(stated, list) else ():
        if isinstance(entry, dict):
            test, device = entry.get("test"), entry.get("device")
            yield NotImplementedTest(
                test=None if test is None else str(test), device=None if device is None else str(device)
            )


def _as_batch_size(value: object) -> int | None:
    return value if isinstance(value, int) and value in _BATCH_SIZES and not isinstance(value, bool) else None
