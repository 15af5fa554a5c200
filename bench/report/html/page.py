"""The page of one bundle or of several side by side: one self-contained file."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.records.reproduction import Reproduction
from bench.records.variant import describe_variant
from bench.records.verdict import Comparison
from bench.report.html.document import render_document
from bench.report.html.run import PageRun
from bench.report.html.sections.cells import Card, list_cards
from bench.report.html.sections.cross import tabulate_cross
from bench.report.html.sections.decode import tabulate_decode
from bench.report.html.sections.figures import Figure, draw_latency, draw_rooflines, draw_timeline
from bench.report.html.sections.host import (
    describe_drift,
    tabulate_machine,
    tabulate_missing,
    tabulate_noise,
    tabulate_origins,
    tabulate_profiles,
    tabulate_software,
)
from bench.report.html.sections.results import tabulate_results
from bench.report.html.sections.side_by_side import place_side_by_side
from bench.report.html.sections.summary import Summary, summarize
from bench.report.html.sections.verdicts import Verdict, judge_comparison, judge_reproduction
from bench.report.html.tables import Table


class RunSections(NamedTuple):
    """All sections of one run, in the order of the page.

    Attributes:
        prefix: Of the ids of its elements.
        sides: The verdict on the sides of an `ab` run; None for any other run.
        facts: Tables of machine and software, for who looks closer.
    """

    prefix: str
    run_id: str
    digest: str
    summary: Summary
    sides: Verdict | None
    results: Table | None
    latency: Figure | None
    cards: Sequence[Card]
    rooflines: Sequence[Figure]
    cross: Table | None
    decode: Table | None
    timeline: Figure | None
    drift: Sequence[str]
    noise: Table
    missing: Table | None
    facts: Sequence[Table]


def render_page(
    runs: Sequence[PageRun],
    comparisons: Sequence[Comparison] = (),
    reproductions: Sequence[Reproduction] = (),
    *,
    home: str = "",
) -> str:
    """Return a page, the same for the same runs.

    Args:
        runs: At least one; with more, what they have in common comes first.
        comparisons: Of these runs.
        reproductions: Of these runs.
        home: Link to the index of the site that the page belongs to; empty for none.
    """
    cells = sum(len(run.samples) for run in runs)
    sections = [_list_sections(run, cells) for run in runs]
    verdicts = [
        judge_comparison(
            comparison, f"comparison-{number}", f"{' '.join(comparison.base)} against {' '.join(comparison.new)}"
        )
        for number, comparison in enumerate(comparisons, 1)
    ]
    verdicts += [judge_reproduction(again, f"reproduction-{number}") for number, again in enumerate(reproductions, 1)]
    return render_document(
        "report.html.j2",
        title=f"PyTorch on {sections[0].summary.title}"
        if len(runs) == 1
        else f"PyTorch: {len(runs)} runs side by side",
        runs=sections,
        together=place_side_by_side(runs) if len(runs) > 1 else None,
        verdicts=verdicts,
        home=home,
    )


def _list_sections(run: PageRun, cells: int) -> RunSections:
    comparison = run.report.comparison
    return RunSections(
        prefix=run.prefix,
        run_id=run.name,
        digest=run.verification.content_digest,
        summary=summarize(run),
        sides=None if comparison is None else _judge_sides(run, comparison),
        results=tabulate_results(run) if run.report.rows.cells else None,
        latency=draw_latency(run),
        cards=list(list_cards(run, cells=cells)),
        rooflines=list(draw_rooflines(run)),
        cross=tabulate_cross(run),
        decode=tabulate_decode(run),
        timeline=draw_timeline(run),
        drift=describe_drift(run),
        noise=tabulate_noise(run),
        missing=tabulate_missing(run),
        facts=[tabulate_machine(run), tabulate_origins(run), tabulate_profiles(run), tabulate_software(run)],
    )


def _judge_sides(run: PageRun, comparison: Comparison) -> Verdict:
    variants = "; ".join(f"side {variant.name}: {describe_variant(variant)}" for variant in run.report.plan.variants)
    verdict = judge_comparison(comparison, f"{run.prefix}-sides", "Two sides, interleaved on one host")
    return verdict._replace(method=[f"{variants}.", *verdict.method])
