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
                values={
                    "cosine_similarity": f"{shown.cosine_similarity:.6f}",
                    "cosine_limit": f"{shown.cosine_limit:g}",
                    "relative_error": f"{shown.relative_error:.2e}",
                    "error_limit": f"{shown.error_limit:g}",
                },
            )
        for other in cells:
            if _weights_of(other) != _weights_of(cell):
                continue
            if any(proof.weights_digest != one.weights_digest for one in _proofs(repetitions(other.id))):
                return Failure(reason="weights_differ", values={"digest": proof.weights_digest, "cell": other.id})
    return None


def _proofs(repetitions: Sequence[Repetition]) -> list[Proof]:
    return [one.proof for repetition in repetitions for one in repetition.instances if one.proof is not None]


def _weights_of(cell: Cell) -> tuple[object, ...]:
    """What decides a cell's generated weights; in training some builders hold norms at other constants."""
    return (cell.case.workload, cell.case.mode, cell.case.shape)
