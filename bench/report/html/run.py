"""One run, as a page shows it: its report, what verification proved of it, and the rows that only pages show."""

from typing import NamedTuple

from bench.records.plan import CellId
from bench.records.verdict import Comparison
from bench.report.html.names import name_cells
from bench.report.rows.evidence import EvidenceRow, make_evidence_rows
from bench.report.rows.noise import NoiseRow, make_noise_rows
from bench.report.rows.roofline import CeilingRow, RooflineRow, make_ceiling_rows, make_roofline_rows
from bench.report.rows.samples import SamplesRow, make_samples_rows
from bench.report.rows.timeline import ProbeRow, RepetitionTimeRow, make_probe_rows, make_repetition_time_rows
from bench.report.run_report import RunReport, make_run_report
from bench.verification.verification import Verification


class PageRun(NamedTuple):
    """A run of a page.

    Attributes:
        prefix: Of all ids of elements that are about this run.
        name: Tells it apart from the page's other runs.
        names, numbers: Cell → its short name, and its number in the plan, from 1.
    """

    prefix: str
    name: str
    report: RunReport
    verification: Verification
    names: dict[CellId, str]
    numbers: dict[CellId, int]
    evidence: dict[CellId, EvidenceRow]
    samples: dict[CellId, SamplesRow]
    noise: tuple[NoiseRow, ...]
    ceilings: tuple[CeilingRow, ...]
    roofline: tuple[RooflineRow, ...]
    probes: tuple[ProbeRow, ...]
    repetitions: tuple[RepetitionTimeRow, ...]


def make_page_run(verification: Verification, comparison: Comparison | None, *, prefix: str = "run") -> PageRun:
    """Return what a page shows of one run.

    Args:
        verification: Of its bundle.
        comparison: Of the sides of an `ab` run; None for any other run.
        prefix: Of ids of elements, such as `run-2`.
    """
    contents = verification.contents
    report = make_run_report(contents, bundle=contents.info.run_id, comparison=comparison)
    cells = contents.plan.cells
    names = name_cells([(cell.case, cell.layout, cell.variant) for cell in cells])
    return PageRun(
        prefix=prefix,
        name=contents.info.run_id,
        report=report,
        verification=verification,
        names={cell.id: name for cell, name in zip(cells, names, strict=True)},
        numbers={cell.id: number for number, cell in enumerate(cells, 1)},
        evidence={row.cell: row for row in make_evidence_rows(contents)},
        samples={row.cell: row for row in make_samples_rows(contents)},
        noise=tuple(make_noise_rows(contents)),
        ceilings=tuple(make_ceiling_rows(contents)),
        roofline=tuple(make_roofline_rows(contents)),
        probes=tuple(make_probe_rows(contents)),
        repetitions=tuple(make_repetition_time_rows(contents)),
    )


def link_cell(run: PageRun, cell: CellId) -> str:
    """Return the link to the card of a cell."""
    return f"#{run.prefix}-cell-{run.numbers[cell]}"
