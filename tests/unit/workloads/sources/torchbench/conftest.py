"""The stand-in for TorchBench, and one of its models located."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.records.source import LocatedSource
from bench.workloads.sources.registry import parse_word

STAND_IN = Path(__file__).parents[4] / "data/torchbench"


@pytest.fixture
def locate() -> Iterator[Callable[[str], LocatedSource]]:
    """Locate a model by its name or path; what the loader imports and sets for the process is undone afterwards."""

    def locate_model(model: str) -> LocatedSource:
        word = parse_word(str(STAND_IN / "torchbenchmark/models" / model))
        assert word is not None
        return word.kind.load_locate()(word)

    modules, path, hooks = set(sys.modules), list(sys.path), list(sys.path_hooks)
    yield locate_model
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] == "torchbenchmark":
            del sys.modules[name]
    sys.path[:], sys.path_hooks[:] = path, hooks
