"""The evidence as text: a few lines for each cell."""

from collections.abc import Iterator, Mapping, Sequence

from bench.records.measurement import Proof
from bench.report.cases import describe_case
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.rows.evidence import EvidenceRow


def render_evidence(rows: Sequence[EvidenceRow]) -> PrintableText:
    """Return correctness, evidence, instruction path and hashes of each cell; for a failed cell, the reason first.

    Evidence is what the checks of the variant found, such as the types of parameters and results, the share of
    operations that became int8, compiled graphs and graph breaks. The instruction path is oneDNN's own report of
    one call.
    """
    lines: list[str] = []
    for row in rows:
        lines.append(f"{row.cell}: {describe_case(row.case)}")
        if row.failure is not None:
            lines.append(f"  no number  {describe_reason(row.failure)}")
        if row.proof is not None:
            lines += [f"  {name:<9}  {text}" for name, text in _describe(row.proof) if text]
    return join_lines(lines)


def _describe(proof: Proof) -> Iterator[tuple[str, str]]:
    correctness = proof.correctness
    cosine = f"cosine similarity {correctness.cosine_similarity:.6f} (at least {correctness.cosine_limit:g})"
    error = f"relative error {correctness.relative_error:.1e} (at most {correctness.error_limit:.0e})"
    yield "correct" if correctness.passed else "INCORRECT", f"{cosine}, {error} against eager fp32"
    yield "evidence", "; ".join(f"{name} {value}" for name, value in sorted(proof.evidence.items()))
    yield "oneDNN", _count(proof.primitives)
    yield "hashes", f"weights {proof.weights_digest}, inputs {proof.inputs_digest}"


def _count(primitives: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(primitives.items()))
