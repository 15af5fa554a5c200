"""A comparison as text: what differs, each cell's verdict, the means, and the outcome with its exit status."""

from collections.abc import Iterable, Iterator

from tabulate import tabulate

from bench.records.summary import Interval
from bench.records.verdict import EXIT_STATUS, MAX_DISPLAYED_CHANGE, CellVerdict, Comparison, ComparisonOutcome, Finding
from bench.report.cases import describe_case

HEADERS = ("cell", "layout", "verdict", "latency", "interval", "could show", "p", "n")
ALIGN = ("left", "left", "left", "right", "right", "right", "right", "right")

NAMED = 3
"""Cells that are named where something holds for many."""

OUTCOMES: dict[ComparisonOutcome, str] = {
    "no_regression": "no regression: every cell is faster, or equivalent within the margin",
    "regression": "regression: at least one cell is slower",
    "undecided": "undecided: too few data, or too noisy, to call every cell faster or equivalent; none is shown slower",
    "not_comparable": "not comparable: at least one cell can have no verdict",
}


def render_comparison(comparison: Comparison) -> str:
    """The whole comparison, for people."""
    lines = [f"base {comparison.base}, new {comparison.new}", _describe_method(comparison), ""]
    lines += _findings(comparison.findings)
    if comparison.cells:
        rows = [_row(cell) for cell in comparison.cells]
        lines += [tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=ALIGN), "", *_legend()]
    lines += _details(comparison.cells)
    lines += [
        f"geometric mean of {one.family}: latency {_percent(one.ratio.point)} "
        f"({_range(one.ratio)}, {one.cells} cell{'s' if one.cells > 1 else ''})"
        for one in comparison.families
    ]
    lines += comparison.notes
    lines += [f"{OUTCOMES[comparison.outcome]} (exit status {EXIT_STATUS[comparison.outcome]})"]
    return "\n".join(lines)


def _describe_method(comparison: Comparison) -> str:
    criteria = comparison.criteria
    if comparison.run_scatter is None:
        scatter = "repetitions interleaved on one host, compared in pairs"
    else:
        runs = comparison.run_scatter.runs
        measured = "" if runs is None else f", measured over {runs} runs"
        scatter = (
            f"between runs {comparison.run_scatter.ratio:.2%} of scatter allowed for "
            f"({comparison.run_scatter.source}{measured})"
        )
    return (
        f"margin {criteria.margin_ratio * 100:.3g}%, false alarm level {criteria.false_alarm_level * 100:.3g}% "
        f"over all cells; {scatter}"
    )


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    """Refusals and warnings in full; notes only counted where there are many."""
    grave = [one for one in findings if one.severity != "note"]
    notes = [one for one in findings if one.severity == "note"]
    lines = [f"{one.severity}: {one.field}: {one.base} → {one.new} ({one.reason})" for one in grave]
    if len(notes) > 5:
        names = ", ".join(one.field.rsplit(".", 1)[-1] for one in notes[:5])
        return [*lines, f"note: {len(notes)} more fields differ and do not forbid a verdict: {names}, ..."]
    return [*lines, *(f"note: {one.field}: {one.base} → {one.new} ({one.reason})" for one in notes)]


def _row(cell: CellVerdict) -> tuple[str, ...]:
    verdict = cell.outcome.replace("_", " ")
    count = f"{cell.base_repetitions}/{cell.new_repetitions}"
    name = describe_case(cell.case)
    if cell.ratio is None or cell.p_value is None:
        return (name, cell.layout, verdict, "", "", "", "", count)
    detectable = "" if cell.detectable_ratio is None else _change(cell.detectable_ratio)
    p_value = "<0.0001" if cell.p_value < 1e-4 else f"{cell.p_value:.4f}"
    return (name, cell.layout, verdict, _percent(cell.ratio.point), _range(cell.ratio), detectable, p_value, count)


def _legend() -> tuple[str, ...]:
    return (
        "latency: of new over base, + takes longer; interval: at the level that Holm's procedure held the cell to,",
        "at half of it for many pairs, whose ranks are judged too; could show: the smallest change that four such",
        "comparisons in five would show; p: adjusted over all cells; n: valid repetitions of base/new, the unit of evidence",
    )


def _details(cells: Iterable[CellVerdict]) -> Iterator[str]:
    """What is to be said of cells, once where it is the same of several."""
    said: dict[str, list[str]] = {}
    for cell in cells:
        for text in (*_findings(cell.findings), *cell.reasons, *cell.notes):
            said.setdefault(text, []).append(cell.base or cell.new or describe_case(cell.case))
    for text, of in said.items():
        more = f" and {len(of) - NAMED} more" if len(of) > NAMED else ""
        yield f"{', '.join(of[:NAMED])}{more}: {text}"


def _range(ratio: Interval) -> str:
    return f"{_percent(ratio.low)} to {_percent(ratio.high)}"


def _percent(ratio: float) -> str:
    return _change(ratio - 1, "+")


def _change(share: float, sign: str = "") -> str:
    return f"{share:{sign}.1%}" if share <= MAX_DISPLAYED_CHANGE else f">{MAX_DISPLAYED_CHANGE:{sign}.0%}"
