"""What forbids a cell to have a number although its workers ended well."""

from collections.abc import Callable, Iterable, Sequence

from bench.records.measurement import Failure, Proof, Repetition
from bench.records.plan import Cell

RepetitionsOf = Callable[[str], Sequence[Repetition]]
"""Cell → its repetitions so far."""


def find_fault(cell: Cell, cells: Iterable[Cell], repetitions: RepetitionsOf) -> Failure | None:
    """A wrong output, or generated weights that differ from those of another cell of the plan.

    Args:
        cell: To be judged.
        cells: Of the plan.
        repetitions: Of any of them.
    """
    for proof in _proofs(repetitions(cell.id)):
        shown = proof.correctness
        if not shown.passed:
            return Failure(
                reason="incorrect",
                message=(
                    f"cosine similarity {shown.cosine_similarity:.6f} (at least {shown.cosine_limit:g}), "
                    f"relative error {shown.relative_error:.2e} (at most {shown.error_limit:g}) against eager fp32"
                ),
            )
        for other in cells:
            if _weights_of(other) != _weights_of(cell):
                continue
            if any(proof.weights_digest != one.weights_digest for one in _proofs(repetitions(other.id))):
                return Failure(
                    reason="inputs", message=f"weights {proof.weights_digest} differ from those of {other.id}"
                )
    return None


def _proofs(repetitions: Sequence[Repetition]) -> list[Proof]:
    return [one.proof for repetition in repetitions for one in repetition.instances if one.proof is not None]


def _weights_of(cell: Cell) -> tuple[object, ...]:
    """What decides a cell's generated weights; in training some builders hold norms at other constants."""
    return (cell.case.workload, cell.case.mode, cell.case.shape)
