"""The page of a triage: machines with their odd cells, classes, and settings that differ."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bench.records.triage import MachineOutcome, MachineVerdict, Triage
from bench.report.html.document import render_document
from bench.report.html.tables import Heading, Table, Tone, Value
from bench.report.reasons import describe_reason
from bench.report.triage import (
    WORDS,
    describe_cell,
    describe_heading,
    describe_outputs,
    describe_promise,
    describe_unread,
)

_TONES: Mapping[MachineOutcome, Tone] = MappingProxyType({"slow": "bad", "wrong_outputs": "bad", "fine": "good"})


def render_triage_page(triage: Triage) -> str:
    """Return the page, the same for the same triage; no machine is left out."""
    return render_document(
        "triage.html.j2",
        title=describe_heading(triage),
        promise=describe_promise(triage),
        warnings=[
            *describe_outputs(triage.machines),
            *map(describe_unread, triage.unread),
        ],
        tables=[_tabulate_machines(triage), _tabulate_classes(triage), _tabulate_settings(triage)],
    )


def _tabulate_machines(triage: Triage) -> Table:
    headings = [
        Heading("machine"),
        Heading("class", "", "number"),
        Heading("verdict"),
        Heading("cell"),
        Heading("worse by", "", "number", "than the median of the others, or of references"),
        Heading("95% interval", "", "none"),
        Heading("p", "", "number", "chance that any good machine lies so far out in any cell"),
        Heading("could suspect", "", "number", "smallest slowness that would mostly have been suspect"),
        Heading("could show", "", "number", "smallest slowness that would mostly have been called slow"),
        Heading("why"),
    ]
    rows = [
        row for outcome in WORDS for machine in triage.machines if machine.outcome == outcome for row in _rows(machine)
    ]
    return Table("machines", "Machines", headings, rows, list(map(describe_reason, triage.notes)), filter=True)


def _rows(machine: MachineVerdict) -> Iterator[list[Value]]:
    start = [
        Value(machine.name),
        Value(str(machine.machine_class), machine.machine_class),
        Value(WORDS[machine.outcome], tone=_TONES.get(machine.outcome, "")),
    ]
    why = Value("; ".join(map(describe_reason, machine.reasons)))
    if not machine.cells:
        yield [*start, *[Value("")] * 6, why]
    for cell in machine.cells:
        label, worse, interval, p_value, could_suspect, could_show = describe_cell(cell)
        yield [
            *start,
            Value(label),
            Value(worse, cell.worse_ratio),
            Value(interval),
            Value(p_value, cell.p_value),
            Value(could_suspect, cell.could_suspect_ratio),
            Value(could_show, cell.could_show_ratio),
            why,
        ]


def _tabulate_classes(triage: Triage) -> Table:
    headings = [
        Heading("class"),
        Heading("machines", "", "number"),
        Heading("references", "", "number"),
        Heading("scatter", "", "number", "standard deviation between machines, the median over cells"),
        Heading("what is equal"),
    ]
    rows = [
        [
            Value(str(index)),
            Value(str(described.machines), described.machines),
            Value("" if described.references is None else str(described.references), described.references),
            Value("" if described.scatter_ratio is None else f"{described.scatter_ratio:.1%}", described.scatter_ratio),
            Value(", ".join(f"{name} {value}" for name, value in described.facts.items())),
        ]
        for index, described in enumerate(triage.classes)
    ]
    return Table("classes", "Classes", headings, rows)


def _tabulate_settings(triage: Triage) -> Table:
    headings = [Heading("setting"), Heading("class"), Heading("usual"), Heading("other"), Heading("on")]
    rows = [
        [
            Value(setting.field),
            Value(str(index)),
            Value(setting.usual, detail=f"on {setting.usual_count}"),
            Value(value),
            Value(", ".join(names)),
        ]
        for index, described in enumerate(triage.classes)
        for setting in described.settings
        for value, names in setting.odd.items()
    ]
    return Table("settings", "Settings that differ in a class", headings, rows, filter=True)
