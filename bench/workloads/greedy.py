"""Compare the tokens of a greedy decode with the reference's.

Logits have rounding errors, so two tokens that are nearly as likely may change places, which is no fault. After one
such change two free decodes generate different texts, and comparing them says nothing. So both read the tokens that the
reference generated (teacher forcing), and the choice after each is compared: while they agree, a free decode is the
same. A different token is accepted only where the reference's own logits for the two are so close that the allowed
error of each logit explains it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Agreement:
    """Tokens chosen, over all sequences and positions.

    Attributes:
        equal: The same as the reference chose.
        close: Different, but as likely for the reference within the allowed error.
        wrong: All others.
    """

    equal: int
    close: int
    wrong: int

    @property
    def passed(self) -> bool:
        """Whether no token is wrong."""
        return self.wrong == 0

    def describe(self) -> str:
        """Return it as text, such as `31 of 32 equal, 1 as likely within the error allowed`."""
        total = self.equal + self.close + self.wrong
        parts = [f"{self.equal} of {total} equal"]
        if self.close:
            parts.append(f"{self.close} as likely within the error allowed")
        if self.wrong:
            parts.append(f"{self.wrong} wrong")
        return ", ".join(parts)


def compare_choices(logits: Sequence[Tensor], reference: Sequence[Tensor], *, error: float) -> Agreement:
    """Count where the most likely token is the reference's.

    Args:
        logits: One tensor for each position, batch × 1 × vocabulary.
        reference: The same of eager fp32, after the same tokens.
        error: Relative error that the precision may have: each logit may be off by it times the root mean
            square of the reference's logits, so two of them may change places within twice that.
    """
    counts = [
        _compare(measured[:, -1], wanted[:, -1], error) for measured, wanted in zip(logits, reference, strict=True)
    ]
    return Agreement(*map(sum, zip(*counts, strict=True)))


def _compare(logits: Tensor, reference: Tensor, error: float) -> tuple[int, int, int]:
    chosen, best = logits.argmax(dim=-1, keepdim=True), reference.argmax(dim=-1, keepdim=True)
    equal = chosen == best
    margin = reference.gather(1, best) - reference.gather(1, chosen)
    close = ~equal & (margin <= 2 * error * reference.square().mean(dim=-1, keepdim=True).sqrt())
    agree, excused = int(equal.sum()), int(close.sum())
    return agree, excused, equal.numel() - agree - excused
