"""What was extracted from many runs, as columns of numbers: ten thousand runs take no longer to load than one bundle."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.history.extract import Facts, RunFacts

Column = NDArray[np.generic]
Table = Mapping[str, Column]

POINT_COLUMNS: Mapping[str, str] = {
    "run": "i8",
    "cell": "i8",
    "facts": "i8",
    "mean": "f8",
    "variance": "f8",
    "repetitions": "i8",
    "latency_s": "f8",
    "low_s": "f8",
    "high_s": "f8",
}
"""Of each cell of each run → type; `run` is a row of the runs, `cell` and `facts` are rows of the texts."""


class RunRow(NamedTuple):
    """A run.

    Attributes:
        digest: SHA-256 of the bundle's bytes.
        facts: Row of the texts: what the rules of comparability of runs look at.
    """

    digest: str
    run_id: str
    started_at: str
    host: str
    use: str
    samples: str
    host_name: str
    facts: int


class Tables(NamedTuple):
    """Columns by name, as a database holds them."""

    files: Table
    runs: Table
    texts: Table
    points: Table


class Columns(NamedTuple):
    """Runs and the cells in them.

    Attributes:
        runs: One row a bundle.
        texts: Texts that many rows share.
        points: `POINT_COLUMNS`, one row for each cell of each run, in the order of the runs.
    """

    runs: tuple[RunRow, ...]
    texts: tuple[str, ...]
    points: Mapping[str, Column]

    @classmethod
    def empty(cls) -> "Columns":
        """Return columns without rows."""
        return cls((), (), {name: np.empty(0, kind) for name, kind in POINT_COLUMNS.items()})

    @classmethod
    def from_tables(cls, tables: Tables) -> "Columns":
        """Return what a database holds."""
        runs = zip(*(tables.runs[name].tolist() for name in RunRow._fields), strict=True)
        return cls(tuple(map(RunRow._make, runs)), tuple(tables.texts["text"].tolist()), tables.points)

    def to_tables(self, files: Table) -> Tables:
        """Return what a database holds, with a table of the files."""
        kinds = {name: "i8" if name == "facts" else "O" for name in RunRow._fields}
        rows = list(zip(*self.runs, strict=True)) or [()] * len(RunRow._fields)
        runs = {name: np.array(row, kinds[name]) for name, row in zip(RunRow._fields, rows, strict=True)}
        return Tables(files, runs, {"text": np.array(self.texts, "O")}, self.points)

    def select(self, digests: Sequence[str], added: Mapping[str, RunFacts]) -> "Columns":
        """Return the columns of these bundles, in this order.

        Args:
            digests: Of the bundles; each is among the rows, or among those added.
            added: What was extracted of new ones, by digest.
        """
        rows = {run.digest: row for row, run in enumerate(self.runs)}
        texts = {text: number for number, text in enumerate(self.texts)}
        begins = np.searchsorted(self.points["run"], np.arange(len(self.runs) + 1))
        runs: list[RunRow] = []
        new: list[tuple[object, ...]] = []
        kept: list[tuple[int, int, int]] = []
        for digest in digests:
            if digest in rows:
                row = rows[digest]
                kept.append((len(runs), int(begins[row]), int(begins[row + 1])))
                runs.append(self.runs[row])
            else:
                run = added[digest]
                new += _list_points(len(runs), run, texts)
                facts = _number(run.facts, texts)
                runs.append(
                    RunRow(digest, run.run_id, run.started_at, run.host, run.use, run.samples, run.host_name, facts)
                )
        taken = np.concatenate([np.arange(begin, end) for _, begin, end in kept] or [np.empty(0, "i8")])
        old = {name: self.points[name][taken] for name in POINT_COLUMNS}
        old["run"] = np.repeat([number for number, _, _ in kept], [end - begin for _, begin, end in kept]).astype("i8")
        listed = list(zip(*new, strict=True)) or [()] * len(POINT_COLUMNS)
        points = {
            name: np.concatenate([old[name], np.array(column, kind)])
            for (name, kind), column in zip(POINT_COLUMNS.items(), listed, strict=True)
        }
        order = np.argsort(points["run"], kind="stable")
        return Columns(tuple(runs), tuple(texts), {name: column[order] for name, column in points.items()})

    def read_facts(self, row: int) -> Facts:
        """Return facts of a run or a cell, by their row of the texts."""
        return msgspec.json.decode(self.texts[row], type=Facts)


def _list_points(number: int, run: RunFacts, texts: dict[str, int]) -> Iterator[tuple[object, ...]]:
    """Yield the row of each cell of a run, in the order of `POINT_COLUMNS`."""
    for cell in run.cells:
        yield (
            number,
            _number(cell.cell, texts),
            _number(cell.facts, texts),
            cell.mean,
            cell.variance,
            cell.repetitions,
            *cell.latency_s,
        )


def _number(text: str, texts: dict[str, int]) -> int:
    return texts.setdefault(text, len(texts))
