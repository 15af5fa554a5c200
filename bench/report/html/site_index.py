"""The index of a site: its machines, its runs by date, and its workloads."""

from collections.abc import Iterable, Sequence

from bench.report.html.document import render_document
from bench.report.html.entry import EntryCell, SiteEntry
from bench.report.html.tables import Heading, Table, Value, drop_empty_columns, join_texts
from bench.report.units import format_seconds


def render_index(entries: Sequence[SiteEntry]) -> str:
    """Return the index page, the same for the same entries in any order."""
    ordered = sorted(entries, key=lambda entry: (entry.started_at, entry.page), reverse=True)
    return render_document(
        "index.html.j2",
        title="PyTorch on CPUs",
        runs=len(ordered),
        machines=len({_identify(entry) for entry in ordered}),
        tables=[_tabulate_runs(ordered), _tabulate_machines(ordered), _tabulate_workloads(ordered)],
    )


def _identify(entry: SiteEntry) -> tuple[str, str]:
    return entry.machine, entry.machine_detail


def _tabulate_runs(entries: Iterable[SiteEntry]) -> Table:
    headings = [
        Heading("run"),
        Heading("machine"),
        Heading("profile"),
        Heading("suite"),
        Heading("torch"),
        Heading("cells", "", "number", "with a number, of those planned"),
        Heading("two sides"),
        Heading("signed by"),
    ]
    rows = [
        [
            Value(entry.started_at.replace("T", " ").removesuffix("Z"), link=entry.page, detail=entry.run_id),
            Value(entry.machine, detail=entry.machine_detail),
            Value(entry.profile),
            Value(entry.suite),
            Value(entry.torch),
            Value(f"{len(entry.cells)} of {entry.planned}", len(entry.cells), detail=_count_noisy(entry)),
            Value(entry.outcome, tone="bad" if entry.outcome == "regression" else ""),
            Value(entry.signed_by, tone="quiet"),
        ]
        for entry in entries
    ]
    return drop_empty_columns(Table("runs", "Runs, newest first", headings, rows, filter=True))


def _tabulate_machines(entries: Iterable[SiteEntry]) -> Table:
    runs: dict[tuple[str, str], list[SiteEntry]] = {}
    for entry in entries:
        runs.setdefault(_identify(entry), []).append(entry)
    headings = [Heading("machine"), Heading("runs", "", "number"), Heading("newest"), Heading("oldest")]
    rows = [
        [Value(machine, detail=detail), Value(str(len(found)), len(found)), *(_link(found[at]) for at in (0, -1))]
        for (machine, detail), found in sorted(runs.items())
    ]
    return Table("machines", "Machines", headings, rows, filter=True)


def _tabulate_workloads(entries: Iterable[SiteEntry]) -> Table:
    found: dict[tuple[str, str], list[tuple[EntryCell, SiteEntry]]] = {}
    for entry in entries:
        for cell in entry.cells:
            found.setdefault((cell.name, cell.backend), []).append((cell, entry))
    headings = [
        Heading("workload"),
        Heading("backend"),
        Heading("runs", "", "number"),
        Heading("machines", "", "number"),
        Heading("newest"),
    ]
    rows = []
    for (name, backend), measured in sorted(found.items()):
        pages = {entry.page for _, entry in measured}
        machines = {_identify(entry) for _, entry in measured}
        cell, entry = measured[0]
        rows.append(
            [
                Value(name),
                Value(backend),
                Value(str(len(pages)), len(pages)),
                Value(str(len(machines)), len(machines)),
                Value(
                    format_seconds(cell.latency_s),
                    link=f"{entry.page}{cell.link}",
                    detail=join_texts((entry.started_at[:10], "noisy host" if cell.noisy else "")),
                ),
            ]
        )
    notes = ["Shapes and batch sizes differ between runs: the pages have them."]
    return Table("workloads", "Workloads", headings, rows, notes, filter=True)


def _count_noisy(entry: SiteEntry) -> str:
    """Return how many cells have no valid repetition, in words; empty for none."""
    noisy = sum(cell.noisy for cell in entry.cells)
    return f"{noisy} on a noisy host" if noisy else ""


def _link(entry: SiteEntry) -> Value:
    return Value(entry.started_at[:10], link=entry.page)
