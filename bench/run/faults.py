"""Find cells that must not have a number although their workers ended well."""

from collections.abc import Callable, Iterable, Sequence

from bench.records.case import weights_key
from bench.records.measurement import Failure, Proof, Repetition
from bench.records.plan import Cell

RepetitionsOf = Callable[[str], Sequence[Repetition]]
"""Cell → its repetitions so far."""


def find_fault(cell: Cell, cells: Iterable[Cell], repetitions: RepetitionsOf) -> Failure | None:
    """Return the failure of a wrong output, or of weights that differ from another cell's; None if there is none.

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
        for twin in cells:
            if weights_key(twin.case) != weights_key(cell.case):
                continue
            if any(proof.weights_digest != known.weights_digest for known in _proofs(repetitions(twin.id))):
                return Failure(reason="weights_differ", values={"digest": proof.weights_digest, "cell": twin.id})
    return None


def _proofs(repetitions: Sequence[Repetition]) -> list[Proof]:
    return [
        instance.proof for repetition in repetitions for instance in repetition.instances if instance.proof is not None
    ]
