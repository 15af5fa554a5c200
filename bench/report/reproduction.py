"""A reproduction as text: what differs from the original, each cell's outcome, and that of the whole."""

from tabulate import tabulate

from bench.records.reproduction import EXIT_STATUS, CellReproduction, Reproduction, ReproductionOutcome
from bench.records.verdict import Criteria, Finding
from bench.report.cases import describe_case

HEADERS = ("cell", "layout", "outcome", "latency", "interval", "p", "n", "")
ALIGN = ("left", "left", "left", "right", "right", "right", "right", "left")

OUTCOMES: dict[ReproductionOutcome, str] = {
    "reproduced": "reproduced: every cell is the same within the margin",
    "not_reproduced": "not reproduced: at least one cell is not the same",
    "too_noisy": "too noisy, or too few data, to say of every cell; none is shown to differ",
    "not_comparable": "not comparable: what differs leaves no verdict",
}


def render_reproduction(reproduction: Reproduction) -> str:
    """The whole reproduction, for people."""
    cites = reproduction.cites
    grave = [finding for finding in reproduction.findings if finding.severity != "note"]
    notes = [finding for finding in reproduction.findings if finding.severity == "note"]
    lines = [f"original: run {cites.run_id}, {cites.content_digest}", *map(_describe_finding, (*grave, *notes))]
    if reproduction.cells:
        rows = [_row(cell) for cell in reproduction.cells]
        lines += ["", tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=ALIGN), ""]
        lines += _legend(reproduction.margin_ratio)
    status = EXIT_STATUS[reproduction.outcome]
    return "\n".join([*lines, f"{OUTCOMES[reproduction.outcome]} (exit status {status})"])


def _legend(margin_ratio: float) -> list[str]:
    criteria = Criteria(margin_ratio=margin_ratio)
    return [
        f"latency: now over then; margin {margin_ratio:.1%}; n: valid repetitions then/now",
        f"p: how often cells beyond the margin would come out this alike; reproduced at {criteria.equivalence_level:.0%}",
        f"interval: at a level of {criteria.false_alarm_level:.1%} over all cells; wholly beyond the margin is not reproduced",
    ]


def _describe_finding(finding: Finding) -> str:
    words = {"refuse": "forbids a verdict", "warn": "may matter", "note": "does not matter"}
    return f"{words[finding.severity]}: {finding.field}: {finding.base} → {finding.new} ({finding.reason})"


def _row(cell: CellReproduction) -> tuple[str, ...]:
    verdict, ratio = cell.verdict, cell.verdict.ratio
    return (
        describe_case(verdict.case),
        verdict.layout,
        cell.outcome.replace("_", " "),
        "" if ratio is None else f"{ratio.point - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        "" if verdict.equivalence_p_value is None else f"{verdict.equivalence_p_value:.2g}",
        f"{verdict.base_repetitions}/{verdict.new_repetitions}",
        cell.reason,
    )
