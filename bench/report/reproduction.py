"""A reproduction as text: what differs from the original, each cell's outcome, and that of the whole."""

from bench.records.reproduction import EXIT_STATUS, CellReproduction, Reproduction, ReproductionOutcome
from bench.records.verdict import Criteria
from bench.report.cases import describe_configuration, name_case
from bench.report.comparison import describe_findings, describe_scatter
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table

COLUMNS = (
    Column("workload"),
    Column("", fold=1),
    Column("layout", fold=2),
    Column("outcome"),
    Column("latency", "right"),
    Column("interval", "right"),
    Column("p", "right", rank=2),
    Column("n", "right", rank=1),
    Column("", fold=1),
)

OUTCOMES: dict[ReproductionOutcome, str] = {
    "reproduced": "reproduced: every cell is the same within the margin",
    "not_reproduced": "not reproduced: at least one cell is not the same",
    "too_noisy": "undecided: too noisy, or too few data, to call every cell the same; none is shown to differ",
    "not_comparable": "not comparable: what differs forbids a verdict",
}

UNDECIDED = frozenset({"neither_within_nor_beyond", "host_changed", "host_hides_equivalence"})
"""Reasons of cells that more data could decide."""

REMEDY = "to decide more cells: reproduce again on a quieter host, or name earlier runs of this host (--history FOLDER)"


def render_reproduction(reproduction: Reproduction, width: int | None = None) -> PrintableText:
    """Return the whole reproduction, with a table no wider than asked."""
    cites = reproduction.cites
    lines = [f"original: run {cites.run_id}, {cites.content_digest}", *describe_findings(reproduction.findings)]
    if reproduction.run_scatter is not None:
        lines.append(describe_scatter(reproduction.run_scatter))
    if reproduction.cells:
        rows = [_row(cell) for cell in reproduction.cells]
        lines += ["", render_table(COLUMNS, rows, width), ""]
        lines += _legend(reproduction.margin_ratio)
    if any(reason.code in UNDECIDED for cell in reproduction.cells for reason in cell.reasons):
        lines.append(REMEDY)
    status = EXIT_STATUS[reproduction.outcome]
    return join_lines([*lines, f"{OUTCOMES[reproduction.outcome]} (exit status {status})"])


def _legend(margin_ratio: float) -> list[str]:
    criteria = Criteria(margin_ratio=margin_ratio)
    return [
        f"latency: change from the original to here, + is slower; margin {margin_ratio:.1%}; n: valid repetitions of the original/here",
        f"p: of a difference at the margin or beyond it; reproduced at {criteria.equivalence_level:.0%} or below",
        f"interval: at a level of {criteria.false_alarm_level:.1%} over all cells; not reproduced if all of it is beyond the margin",
    ]


def _row(cell: CellReproduction) -> tuple[str, ...]:
    verdict, ratio = cell.verdict, cell.verdict.ratio
    return (
        name_case(verdict.case),
        describe_configuration(verdict.case),
        verdict.layout,
        cell.outcome.replace("_", " "),
        "" if ratio is None else f"{ratio.point - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        "" if verdict.equivalence_p_value is None else f"{verdict.equivalence_p_value:.2g}",
        f"{verdict.base_repetitions}/{verdict.new_repetitions}",
        "; ".join(map(describe_reason, cell.reasons)),
    )
