"""A card for each cell: all of its samples, where its time goes, and what shows that it is right."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bench.records.measurement import Proof
from bench.records.summary import CellSummary
from bench.report.cases import describe_case
from bench.report.cell_texts import describe_latency, describe_layout
from bench.report.html.run import PageRun
from bench.report.html.sections.operators import OperatorsTable, choose_rows, tabulate_operators
from bench.report.html.sections.results import describe_marks
from bench.report.html.strips import Strip, choose_columns, draw_strip, name_code
from bench.report.rows.cells import CellRow
from bench.report.rows.samples import SamplesRow
from bench.report.units import format_bytes, format_seconds, format_significant

_PHASES = {
    "import": "load libraries",
    "build": "build the model",
    "prepare": "cast, lay out, quantize",
    "compile": "compile",
    "load": "load what was compiled",
    "first_call": "first call",
}
"""Key of `cold_s` → what its time is spent on."""

_KERNELS_MAX = 6
"""Kernels of oneDNN that a card names; more are counted."""


class Share(NamedTuple):
    """A part of a whole, as a bar."""

    name: str
    text: str
    percent: float


class Card(NamedTuple):
    """One cell.

    Attributes:
        id: Of the element.
        facts: Labels and texts.
        cold: Where the time before the second call goes.
        stages: Where the time of a training step goes; empty for inference.
        operators: Where the time of one call goes; None where that was not recorded.
    """

    id: str
    number: int
    name: str
    description: str
    facts: Sequence[tuple[str, str]]
    strip: Strip | None
    cold: Sequence[Share]
    stages: Sequence[Share]
    operators: OperatorsTable | None


def list_cards(run: PageRun, *, cells: int) -> Iterator[Card]:
    """Return a card for each cell of the plan that was tried.

    Args:
        run: Of the page.
        cells: On the whole page.
    """
    rows = {row.cell: row for row in run.report.rows.cells}
    summaries = {summary.cell: summary for summary in run.report.summary.cells}
    stages = {row.cell: row.stages_s for row in run.report.rows.stages}
    for cell in run.report.plan.cells:
        samples, row, summary = run.samples.get(cell.id), rows.get(cell.id), summaries.get(cell.id)
        if samples is None:
            continue
        proof = run.evidence[cell.id].proof
        latency_s = None if row is None else row.latency_s
        number = run.numbers[cell.id]
        yield Card(
            id=f"{run.prefix}-cell-{number}",
            number=number,
            name=run.names[cell.id],
            description=f"{describe_case(cell.case)}; {cell.layout if row is None else describe_layout(row)}",
            facts=[
                *([] if row is None else _list_numbers(row)),
                *_list_invalid(samples),
                *([] if proof is None else _list_evidence(proof)),
            ],
            strip=draw_strip(samples, latency_s, columns=choose_columns(cells)),
            cold=[] if summary is None else _split_cold(summary),
            stages=_split(stages.get(cell.id, {})),
            operators=None
            if proof is None or proof.operators is None
            else tabulate_operators(proof.operators, choose_rows(cells)),
        )


def _list_numbers(row: CellRow) -> Iterator[tuple[str, str]]:
    yield "latency", describe_latency(row)
    yield "throughput", f"{format_significant(row.throughput_per_s.point)} {row.unit}/s"
    yield "peak memory", format_bytes(row.peak_memory_bytes)
    marks = describe_marks(row)
    if marks:
        yield "what to know", marks


def _list_invalid(samples: SamplesRow) -> Iterator[tuple[str, str]]:
    for repetition in samples.repetitions:
        if repetition.invalid:
            yield f"repetition {repetition.index + 1}", f"invalid: {', '.join(map(name_code, repetition.invalid))}"


def _list_evidence(proof: Proof) -> Iterator[tuple[str, str]]:
    correctness = proof.correctness
    yield (
        "against eager fp32",
        f"relative error {correctness.relative_error:.1e} (limit {correctness.error_limit:.1e}), cosine similarity {correctness.cosine_similarity:.6f}",
    )
    if proof.evidence:
        yield (
            "evidence",
            "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in sorted(proof.evidence.items())),
        )

    if proof.primitives:
        yield "oneDNN kernels", _describe_kernels(proof)


def _describe_kernels(proof: Proof) -> str:
    """Return oneDNN's own report of one untimed call, the kernels that were used most first."""
    kernels = sorted(proof.primitives.items(), key=lambda kernel: (-kernel[1], kernel[0]))
    named = [f"{count} × {name}" for name, count in kernels[:_KERNELS_MAX]]
    return "; ".join([*named, f"{len(kernels) - len(named)} more"] if len(named) < len(kernels) else named)


def _split_cold(summary: CellSummary) -> list[Share]:
    return _split({name: summary.cold_s[key] for key, name in _PHASES.items() if summary.cold_s.get(key)})


def _split(seconds: Mapping[str, float]) -> list[Share]:
    longest = max(seconds.values(), default=0.0) or 1.0
    return [Share(name, format_seconds(value), round(100 * value / longest, 1)) for name, value in seconds.items()]
