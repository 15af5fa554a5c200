"""What shows that each cell is what it says, and right, as text: a few lines for every cell."""

from collections.abc import Iterator, Mapping

from bench.records.bundle import Contents
from bench.records.measurement import Proof
from bench.report.reasons import describe_reason
from bench.report.table import describe_case


def render_evidence(contents: Contents) -> str:
    """Correctness, evidence, instruction path and hashes of every cell; of one without a number, why it has none.

    Evidence is what the variant's own checks found, such as the types of parameters and results, the share of
    operations that became int8, compiled graphs and graph breaks. The path is oneDNN's own report of one call.
    """
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    lines: list[str] = []
    for cell in contents.plan.cells:
        lines.append(f"{cell.id}: {describe_case(cell.case)}")
        if cell.id in contents.summary.failed:
            lines.append(f"  no number  {describe_reason(contents.summary.failed[cell.id])}")
        measurement = measurements.get(cell.id)
        if measurement is not None and measurement.proof is not None:
            lines += [f"  {name:<9}  {text}" for name, text in _describe(measurement.proof) if text]
    return "\n".join(lines)


def _describe(proof: Proof) -> Iterator[tuple[str, str]]:
    shown = proof.correctness
    cosine = f"cosine similarity {shown.cosine_similarity:.6f} (at least {shown.cosine_limit:g})"
    error = f"relative error {shown.relative_error:.1e} (at most {shown.error_limit:.0e})"
    yield "right" if shown.passed else "WRONG", f"{cosine}, {error} against eager fp32"
    yield "evidence", "; ".join(f"{name} {value}" for name, value in sorted(proof.evidence.items()))
    yield "oneDNN", _count(proof.primitives)
    yield "hashes", f"weights {proof.weights_digest}, inputs {proof.inputs_digest}"


def _count(primitives: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(primitives.items()))
