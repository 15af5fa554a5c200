"""A reproduction as text: what differs from the original, each cell's outcome, and that of the whole."""

from tabulate import tabulate

from bench.records.reproduction import EXIT_STATUS, CellReproduction, Reproduction, ReproductionOutcome
from bench.records.verdict import Finding
from bench.report.table import describe_case

HEADERS = ("cell", "layout", "outcome", "latency", "interval", "n", "")
ALIGN = ("left", "left", "left", "right", "right", "right", "left")

OUTCOMES: dict[ReproductionOutcome, str] = {
    "reproduced": "reproduced: every cell is the same within the margin",
    "not_reproduced": "not reproduced: at least one cell is not the same",
    "too_noisy": "too noisy, or too few data, to say of every cell; none is shown to differ",
    "not_comparable": "not comparable: what differs leaves no verdict",
}


def render_reproduction(reproduction: Reproduction) -> str:
    """The whole reproduction, for people."""
    cites = reproduction.cites
    grave = [finding for finding in reproduction.findings if finding.weight != "note"]
    notes = [finding for finding in reproduction.findings if finding.weight == "note"]
    lines = [f"original: run {cites.run_id}, {cites.content_digest}", *map(_describe_finding, (*grave, *notes))]
    if reproduction.cells:
        rows = [_row(cell) for cell in reproduction.cells]
        lines += ["", tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=ALIGN), ""]
        lines.append(f"latency: now over then; margin {reproduction.margin_ratio:.1%}; n: valid repetitions then/now")
    status = EXIT_STATUS[reproduction.outcome]
    return "\n".join([*lines, f"{OUTCOMES[reproduction.outcome]} (exit status {status})"])


def _describe_finding(finding: Finding) -> str:
    words = {"refuse": "forbids a verdict", "warn": "may matter", "note": "does not matter"}
    return f"{words[finding.weight]}: {finding.field}: {finding.base} → {finding.new} ({finding.reason})"


def _row(cell: CellReproduction) -> tuple[str, ...]:
    verdict, ratio = cell.verdict, cell.verdict.ratio
    return (
        describe_case(verdict.case),
        verdict.layout,
        cell.outcome.replace("_", " "),
        "" if ratio is None else f"{ratio.point - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        f"{verdict.base_repetitions}/{verdict.new_repetitions}",
        cell.reason,
    )
