"""Folders of runs that scatter by half a percent, with a change where a test wants one."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from bench.history.columns import Columns
from bench.history.extract import RunFacts, extract
from bench.records.bundle import BUNDLE_SUFFIX, Contents
from tests.unit.bundle.builder import seal_contents
from tests.unit.compare.qualification.units import edit, make_contents

LATENCY_S = 0.01
FACTORS = np.exp(np.random.default_rng(19).normal(scale=0.005, size=200))


@cache
def _measure(number: int, factor: float) -> Contents:
    return make_contents(LATENCY_S * float(FACTORS[number]) * factor, run=number)


def make_run(number: int, factor: float = 1.0, **changes: object) -> Contents:
    """A run of two cells, the later the larger its number; `factor` times as slow as usual."""
    contents = _measure(number, factor)
    for path, value in changes.items():
        contents = edit(contents, path.replace("__", "."), value)
    return contents


def make_history(count: int, at: int | None = None, factor: float = 1.08, **changes: object) -> list[Contents]:
    """Runs 0 to `count`; from run `at` on slower by a factor, and with changes."""
    return [
        make_run(number) if at is None or number < at else make_run(number, factor, **changes)
        for number in range(count)
    ]


def keep(folder: Path, contents: Contents) -> Path:
    """Seal a run into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{contents.info.run_id}{BUNDLE_SUFFIX}"
    path.write_bytes(seal_contents(contents))
    return path


def make_columns(runs: Iterable[Contents]) -> Columns:
    """The columns of runs, as if they had been read."""
    facts: dict[str, RunFacts] = {contents.info.run_id: extract(contents) for contents in runs}
    return Columns.empty().select(list(facts), facts)
