"""Several runs beside one another: their machines, and the latencies of the cells that they share."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.report.cell_texts import describe_latency
from bench.report.html.run import PageRun, link_cell
from bench.report.html.sections.figures import Figure, draw_machines, name_cell_fully
from bench.report.html.sections.summary import describe_software
from bench.report.html.tables import Heading, Table, Value
from bench.report.machine import list_facts
from bench.report.rows.cells import CellRow
from bench.report.verification import describe_signer


class SideBySide(NamedTuple):
    """What several runs have in common and what not.

    Attributes:
        figure, cells: Of the cells that at least two of them have; None if there are none.
    """

    machines: Table
    figure: Figure | None
    cells: Table | None


def place_side_by_side(runs: Sequence[PageRun]) -> SideBySide:
    """Return the tables and the picture of at least two runs."""
    shared = _find_shared(runs)
    return SideBySide(
        machines=_tabulate_machines(runs),
        figure=draw_machines(runs, shared),
        cells=_tabulate_cells(runs, shared) if shared else None,
    )


def _find_shared(runs: Sequence[PageRun]) -> dict[str, dict[str, CellRow]]:
    """Return the cells that at least two runs have; of an `ab` run those of side a."""
    found: dict[str, dict[str, CellRow]] = {}
    for run in runs:
        for row in run.report.rows.cells:
            if row.side != "b":
                found.setdefault(name_cell_fully(row), {})[run.name] = row
    return {key: rows for key, rows in found.items() if len(rows) > 1}


def _tabulate_machines(runs: Sequence[PageRun]) -> Table:
    """Return the facts of each run; what differs is marked."""
    facts = [_list_facts(run) for run in runs]
    labels = list(dict.fromkeys(label for of_run in facts for label in of_run))
    rows = []
    for label in labels:
        texts = [of_run.get(label, "") for of_run in facts]
        differs = len(set(texts)) > 1
        rows.append(
            [
                Value(label),
                Value("differs" if differs else "same", tone="bad" if differs else "quiet"),
                *map(Value, texts),
            ]
        )
    links = [Heading("fact"), Heading(""), *(Heading(run.name) for run in runs)]
    return Table("side-by-side-machines", "Machines and software", links, rows)


def _list_facts(run: PageRun) -> dict[str, str]:
    facts = {label: text for label, text in list_facts(run.report.machine) if label != "missing"}
    signers = "; ".join(map(describe_signer, run.verification.signers))
    return {**facts, "profile": run.report.plan.profile.name, "software": describe_software(run), "signed by": signers}


def _tabulate_cells(runs: Sequence[PageRun], shared: dict[str, dict[str, CellRow]]) -> Table:
    """Return the latency of each shared cell in each run. It is no verdict: `compare` says whether one may be given."""
    headings = [
        Heading("cell"),
        *(Heading(run.name, "latency", "number") for run in runs),
        Heading("slowest over fastest", "", "number"),
    ]
    rows = []
    for key, of_run in shared.items():
        points = [row.latency_s.point for row in of_run.values()]
        spread = max(points) / min(points)
        rows.append(
            [Value(key), *(_describe(run, of_run.get(run.name)) for run in runs), Value(f"{spread:.2f}×", spread)]
        )
    notes = [
        "Latencies beside one another are no verdict: only a comparison says whether they differ, and what forbids to say so."
    ]
    return Table("side-by-side-cells", "Latency of shared cells", headings, rows, notes, filter=True)


def _describe(run: PageRun, row: CellRow | None) -> Value:
    if row is None:
        return Value("")
    return Value(describe_latency(row), row.latency_s.point, link=link_cell(run, row.cell))
