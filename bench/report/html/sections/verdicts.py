"""Verdicts: of a comparison, of the two sides of `ab`, and of a reproduction."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.records.reproduction import Reproduction
from bench.records.summary import Interval
from bench.records.verdict import CellVerdict, Comparison, Finding, Outcome
from bench.report.comparison import OUTCOMES, describe_finding, describe_method, describe_remedy, describe_scatter
from bench.report.html.names import name_cells
from bench.report.html.sections.figures import Figure, draw_change
from bench.report.html.tables import Heading, Table, Tone, Value, drop_empty_columns
from bench.report.reasons import describe_reason
from bench.report.reproduction import OUTCOMES as REPRODUCTION_OUTCOMES
from bench.report.units import format_p_value

TONES: dict[Outcome, Tone] = {"faster": "good", "slower": "bad", "not_comparable": "bad"}


class Verdict(NamedTuple):
    """A verdict on a whole, with its cells.

    Attributes:
        outcome: In one sentence.
        method: Margin and levels, in sentences.
    """

    id: str
    title: str
    outcome: str
    method: Sequence[str]
    figure: Figure | None
    tables: Sequence[Table]


def judge_comparison(comparison: Comparison, identifier: str, title: str) -> Verdict:
    """Return the verdict of a comparison."""
    tables = [_tabulate_cells(comparison.cells, f"{identifier}-cells")] if comparison.cells else []
    if comparison.families:
        tables.append(_tabulate_families(comparison, f"{identifier}-families"))
    if comparison.findings:
        tables.append(_tabulate_findings(comparison.findings, f"{identifier}-findings"))
    return Verdict(
        id=identifier,
        title=title,
        outcome=_sentence(OUTCOMES[comparison.outcome]),
        method=[
            _sentence(describe_method(comparison)),
            *map(describe_reason, comparison.notes),
            *map(_sentence, describe_remedy(comparison)),
        ],
        figure=draw_change(comparison, f"{identifier}-change"),
        tables=tables,
    )


def judge_reproduction(reproduction: Reproduction, identifier: str) -> Verdict:
    """Return the verdict of a reproduction."""
    cells = [cell.verdict for cell in reproduction.cells]
    names = name_cells([(cell.case, cell.layout, None) for cell in cells])
    rows = [
        [
            Value(name),
            Value(cell.outcome.replace("_", " "), tone="bad" if cell.outcome == "not_reproduced" else ""),
            *_describe_ratio(cell.verdict.ratio),
            Value(f"{cell.verdict.base_repetitions}/{cell.verdict.new_repetitions}"),
            Value("; ".join(map(describe_reason, cell.reasons)), tone="quiet"),
        ]
        for name, cell in zip(names, reproduction.cells, strict=True)
    ]
    headings = [
        Heading("cell"),
        Heading("outcome"),
        Heading("latency", "", "number", "change from the original, + is slower"),
        Heading("interval", "", "none"),
        Heading("n", "", "none", "valid repetitions of the original / of the new run"),
        Heading("why"),
    ]
    tables = [Table(f"{identifier}-cells", "Each cell, measured again", headings, rows)] if rows else []
    if reproduction.findings:
        tables.append(_tabulate_findings(reproduction.findings, f"{identifier}-findings"))
    scatter = [] if reproduction.run_scatter is None else [_sentence(describe_scatter(reproduction.run_scatter))]
    return Verdict(
        id=identifier,
        title=f"Run {reproduction.run_id} repeats run {reproduction.cites.run_id}",
        outcome=_sentence(REPRODUCTION_OUTCOMES[reproduction.outcome]),
        method=[f"Margin {reproduction.margin_ratio:.1%}.", *scatter],
        figure=None,
        tables=tables,
    )


def _tabulate_cells(cells: Sequence[CellVerdict], identifier: str) -> Table:
    names = name_cells([(cell.case, cell.layout, None) for cell in cells])
    headings = [
        Heading("cell"),
        Heading("verdict"),
        Heading("latency", "", "number", "change from base to new, + is slower"),
        Heading("interval", "", "none"),
        Heading("could show", "", "number", "the smallest change that four of five such comparisons would show"),
        Heading("p", "", "number", "of no difference, adjusted over all cells"),
        Heading("n", "", "none", "valid repetitions of base / new"),
        Heading("why"),
    ]
    rows = [[Value(name), *_describe_cell(cell)] for name, cell in zip(names, cells, strict=True)]
    notes = ["Interval: at the level with which Holm's procedure compared the cell."]
    return drop_empty_columns(Table(identifier, "Verdict on each cell", headings, rows, notes, filter=True))


def _describe_cell(cell: CellVerdict) -> list[Value]:
    detectable, p_value = cell.detectable_ratio, cell.p_value
    texts = [*map(describe_reason, (*cell.reasons, *cell.notes)), *map(describe_finding, cell.findings)]
    return [
        Value(cell.outcome.replace("_", " "), tone=_tone(cell.outcome)),
        *_describe_ratio(cell.ratio),
        Value("" if detectable is None else f"{detectable:.1%}", detectable),
        Value("" if p_value is None else format_p_value(p_value), p_value),
        Value(f"{cell.base_repetitions}/{cell.new_repetitions}"),
        Value("; ".join(texts), tone="quiet"),
    ]


def _describe_ratio(ratio: Interval | None) -> tuple[Value, Value]:
    if ratio is None:
        return Value(""), Value("")
    return Value(f"{ratio.point - 1:+.1%}", ratio.point), Value(f"{ratio.low - 1:+.1%} to {ratio.high - 1:+.1%}")


def _tabulate_families(comparison: Comparison, identifier: str) -> Table:
    headings = [
        Heading("family"),
        Heading("latency", "", "number"),
        Heading("interval", "", "none"),
        Heading("cells", "", "number"),
    ]
    rows = [
        [Value(family.family), *_describe_ratio(family.ratio), Value(str(family.cells), family.cells)]
        for family in comparison.families
    ]
    return Table(identifier, "Geometric means", headings, rows)


def _tabulate_findings(findings: Sequence[Finding], identifier: str) -> Table:
    headings = [Heading("severity"), Heading("field"), Heading("base"), Heading("new"), Heading("why")]
    rows = [
        [
            Value(finding.severity, tone="bad" if finding.severity == "refuse" else ""),
            Value(finding.field),
            Value(finding.base),
            Value(finding.new),
            Value(describe_reason(finding.reason)),
        ]
        for finding in findings
    ]
    return Table(identifier, "What differs between the sides", headings, rows)


def _tone(outcome: Outcome) -> Tone:
    return TONES.get(outcome, "")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
