"""A triage as text: the outcome, a table of machines, settings that differ, and what a reader must know besides."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from bench.records.triage import (
    EXIT_STATUS,
    CellDeviation,
    MachineClass,
    MachineOutcome,
    MachineVerdict,
    OddSetting,
    Triage,
    TriageOutcome,
    UnreadBundle,
)
from bench.report.fold import fold_reasons, name_some
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table

OUTCOMES: Mapping[TriageOutcome, str] = MappingProxyType(
    {
        "all_fine": "all fine",
        "odd_machines": "odd machines found",
        "undecided": "undecided: some machines are suspect, or too noisy to judge; none is shown slow",
        "not_comparable": "not comparable: some machines have too few like them",
        "not_verified": "not verified: some bundles are not intact, or not signed as asked",
    }
)
WORDS: Mapping[MachineOutcome, str] = MappingProxyType(
    {
        "slow": "SLOW",
        "wrong_outputs": "WRONG OUTPUTS",
        "suspect": "suspect",
        "fine": "fine",
        "too_noisy": "too noisy",
        "not_comparable": "not comparable",
    }
)
"""In the order in which machines are listed."""

NAMED_MAX = 8
"""Machines that are named where many have the same; `--json` has all."""

LISTED_MAX = 40
"""Lines of one kind, such as machines of one outcome; `--json` has all."""

COLUMNS = (
    Column("machine"),
    Column("class", "right", rank=2),
    Column("verdict"),
    Column("cell", fold=1),
    Column("worse by", "right"),
    Column("95% interval", "right"),
    Column("p", "right", rank=1),
    Column("could suspect", "right"),
    Column("could show", "right", rank=2),
)


def render_triage(triage: Triage, width: int | None = None) -> PrintableText:
    """Return all of it, with tables no wider than asked; the outcome first."""
    lines = [f"{describe_heading(triage)} (exit status {EXIT_STATUS[triage.outcome]})", describe_promise(triage), ""]
    for index, described in enumerate(triage.classes[:LISTED_MAX]):
        lines += [*_describe_class(index, described, triage.classes), ""]
    if len(triage.classes) > LISTED_MAX:
        lines += [f"{len(triage.classes) - LISTED_MAX} more classes; --json lists all", ""]
    lines += [render_table(COLUMNS, list(_list_machines(triage.machines)), width), ""]
    lines += _describe_cut(triage.machines)
    for part in (
        describe_outputs(triage.machines),
        _describe_reasons(triage.machines),
        map(describe_unread, triage.unread),
        map(describe_reason, triage.notes),
    ):
        lines += _cut_list(part)
    return join_lines(lines)


def _cut_list(lines: Iterable[str]) -> list[str]:
    """Return no more lines than a reader reads."""
    listed = list(lines)
    rest = len(listed) - LISTED_MAX
    return [*listed[:LISTED_MAX], f"{rest} more lines of this kind; --json lists all"] if rest > 0 else listed


def describe_heading(triage: Triage) -> str:
    """Return the outcome, and how many machines are what."""
    counts = Counter(machine.outcome for machine in triage.machines)
    numbers = ", ".join(f"{counts[outcome]} {word}" for outcome, word in WORDS.items() if counts[outcome])
    return f"{OUTCOMES[triage.outcome]}: {numbers}"


def describe_promise(triage: Triage) -> str:
    """Say how often a verdict is wrong, by simulation: `tests/benchmarks/README.md` has the rates."""
    return (
        f"compared by {triage.metric}; a good machine of a class is called slow in at most {triage.level * 100:g}% of "
        "triages if machines scatter normally, or with tails up to those of Student's t with "
        f"{triage.heaviest_tail:g} degrees of freedom; it is suspect in at most {triage.level * 100:g}% if they scatter "
        "normally, and in more than half of large fleets if they do not; fine: if it were "
        f"{_percent(triage.margin_ratio)} worse, it would mostly be suspect"
    )


def _describe_class(index: int, described: MachineClass, classes: Sequence[MachineClass]) -> Iterator[str]:
    """Yield what is equal in a class; of the others, what is not as in the first."""
    first = classes[0].facts
    shown = {name: value for name, value in described.facts.items() if not index or first.get(name) != value}
    words = ", ".join(
        f"{name} {value:.60}" for name, value in shown.items() if index or not value.startswith("sha256:")
    )
    count = f"{described.machines} machine{'s' if described.machines > 1 else ''}"
    if described.references is not None:
        count += f", {described.references} references"
    scatter = "" if described.scatter_ratio is None else f", which scatter by {described.scatter_ratio:.1%}"
    yield (
        f"class {index}: {count}{scatter}: {words}"
        if not index
        else f"class {index}: {count}{scatter}; unlike class 0: {words}"
    )
    yield from _cut_list(line for setting in described.settings for line in _describe_setting(setting))


def _describe_setting(setting: OddSetting) -> Iterator[str]:
    usual = f"{setting.usual:.60} on {setting.usual_count}"
    for value, names in setting.odd.items():
        yield f"  {setting.field}: {value:.60} on {name_some(names, NAMED_MAX)}; {usual}"


def _list_machines(machines: Sequence[MachineVerdict]) -> Iterator[tuple[str, ...]]:
    """Yield a line for each odd cell of a machine, or one for the cell in which it is worst; bad machines first."""
    for outcome, word in WORDS.items():
        of_outcome = [machine for machine in machines if machine.outcome == outcome]
        for machine in of_outcome[:LISTED_MAX]:
            limits = [
                "" if ratio is None else _percent(ratio)
                for ratio in (machine.could_suspect_ratio, machine.could_show_ratio)
            ]
            start = (machine.name, str(machine.machine_class), word)
            if not machine.cells:
                yield (*start, "", "", "", "", *limits)
            for place, cell in enumerate(machine.cells[:LISTED_MAX]):
                yield (*(start if place == 0 else ("", "", "")), *describe_cell(cell))
            if len(machine.cells) > LISTED_MAX:
                yield ("", "", "", f"{len(machine.cells) - LISTED_MAX} more cells", "", "", "", "", "")


def describe_cell(cell: CellDeviation) -> tuple[str, ...]:
    """Return cell, worse by, interval, p, could suspect, could show."""
    turned = abs(cell.worse_ratio - cell.ratio.point) < 1e-9
    low, high = (cell.ratio.low, cell.ratio.high) if turned else (1 / cell.ratio.high, 1 / cell.ratio.low)
    return (
        f"{cell.cell}{'' if cell.odd or cell.suspect else ' (its worst)'}",
        f"{(cell.worse_ratio - 1) * 100:+.1f}%",
        f"{(low - 1) * 100:+.1f}% to {(high - 1) * 100:+.1f}%",
        f"{cell.p_value:.2g}",
        _percent(cell.could_suspect_ratio),
        _percent(cell.could_show_ratio),
    )


def _describe_cut(machines: Sequence[MachineVerdict]) -> Iterator[str]:
    for outcome, count in Counter(machine.outcome for machine in machines).items():
        if count > LISTED_MAX:
            yield f"{count - LISTED_MAX} more machines are {WORDS[outcome]}; --json lists all"


def describe_outputs(machines: Sequence[MachineVerdict]) -> Iterator[str]:
    """Yield a loud sentence for each cell of which a machine computed something else than others."""
    for machine in machines:
        for odd in machine.outputs:
            yield (
                f"{machine.name} COMPUTED SOMETHING ELSE in {odd.cell}: {odd.agreeing} machines with the same instruction "
                f"path agree to the last bit, {odd.others} {'do' if odd.others > 1 else 'does'} not; take it out of service, "
                "and measure it again"
            )


def describe_unread(bundle: UnreadBundle) -> str:
    """Return why nothing in a bundle counts; most errors name its path themselves."""
    return (
        f"not verified: {bundle.path}: {bundle.error.removeprefix(f'{bundle.path}: ').removeprefix('not verified, ')}"
    )


def _describe_reasons(machines: Sequence[MachineVerdict]) -> Iterator[str]:
    """Yield each reason once, with the machines that it holds for."""
    for names, sentence in fold_reasons((machine.name, reason) for machine in machines for reason in machine.reasons):
        yield f"{name_some(names, NAMED_MAX)}: {sentence}"


def _percent(ratio: float) -> str:
    return "over 1000%" if ratio > 10 else f"{ratio * 100:.1f}%"
