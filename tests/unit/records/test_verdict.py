import pytest

from bench.records.verdict import EXIT_STATUS, CellVerdict, Outcome, conclude
from tests.builders import CASE


def cell(outcome: Outcome) -> CellVerdict:
    return CellVerdict(case=CASE, layout="latency", base="0000-a", new="0000-a", outcome=outcome)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["faster", "equivalent"], 0),
        (["faster", "slower", "no_difference_shown", "not_comparable"], 1),
        (["faster", "no_difference_shown"], 3),
        (["faster", "no_difference_shown", "not_comparable"], 4),
        ([], 4),
    ],
    ids=["none slower", "one slower", "one undecided", "one not comparable", "nothing compared"],
)
def test_the_gravest_cell_decides(outcomes: list[Outcome], status: int) -> None:
    assert EXIT_STATUS[conclude(tuple(map(cell, outcomes)))] == status
