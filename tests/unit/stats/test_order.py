from collections.abc import Callable
from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.plan import Cell
from bench.stats.order import ScheduledRepetition, find_disorder, find_partners, next_repetition, order_round
from tests.builders import CASE, make_cell

Schedule = list[tuple[int, str]]


def alone(number: int) -> tuple[Cell, ...]:
    return tuple(make_cell(index) for index in range(number))


def paired(number: int) -> tuple[Cell, ...]:
    """Pairs of different cases, side by side."""
    cases = [msgspec.structs.replace(CASE, batch_size=index + 1) for index in range(number)]
    return tuple(
        msgspec.structs.replace(make_cell(2 * index + (variant == "b"), case=case), variant=variant)
        for index, case in enumerate(cases)
        for variant in ("a", "b")
    )


def letters(cells: tuple[Cell, ...]) -> str:
    return "".join(cell.variant or "-" for cell in cells)


def test_an_order_is_the_same_on_every_machine() -> None:
    rows = [[cell.id[:4] for cell in order_round(alone(4), number, 7)] for number in range(3)]
    assert rows == [
        ["0001", "0003", "0002", "0000"],
        ["0002", "0001", "0003", "0000"],
        ["0000", "0002", "0003", "0001"],
    ]


@given(st.integers(0, 20), st.integers(0, 1000), st.integers(0, (1 << 63) - 1))
def test_every_cell_has_one_place_in_a_round(number: int, round_number: int, seed: int) -> None:
    assert sorted(order_round(alone(number), round_number, seed), key=lambda cell: cell.id) == list(alone(number))


def test_every_cell_comes_to_every_place_equally_often() -> None:
    first = [order_round(alone(4), number, seed)[0].id[:4] for number in range(100) for seed in range(10)]
    assert all(200 < first.count(f"{index:04d}") < 300 for index in range(4))


def test_the_cells_of_a_pair_are_adjacent_in_abba_order() -> None:
    rows = [order_round(paired(3), number, 5) for number in range(4)]
    assert [letters(row) for row in rows] == ["ababab", "bababa", "ababab", "bababa"]
    assert all(a.case == b.case for row in rows for a, b in zip(row[::2], row[1::2], strict=True))


def test_the_cells_of_a_block_are_adjacent_and_go_there_and_back() -> None:
    cells = tuple(msgspec.structs.replace(make_cell(index), variant="abcd"[index % 4]) for index in range(8))
    assert [letters(order_round(cells, number, 5)) for number in range(2)] == ["abcdabcd", "dcbadcba"]
    assert find_partners(cells)[cells[5].id] == (cells[4].id, cells[6].id, cells[7].id)


def test_cells_of_one_case_without_variants_are_no_pair() -> None:
    assert find_partners(alone(2)) == {"0000-resnet50-fp32-latency": (), "0001-resnet50-fp32-latency": ()}
    (a, b) = paired(1)
    assert find_partners((a, b, make_cell(7))) == {a.id: (b.id,), b.id: (a.id,), make_cell(7).id: ()}


def test_repetitions_follow_the_order_and_leave_out_finished_cells() -> None:
    cells = alone(4)
    made: list[tuple[int, str]] = []
    wanting = {cell.id for cell in cells}
    while scheduled := next_repetition(cells, wanting, made[-1] if made else None, 9):
        made.append((scheduled.round, scheduled.cell.id))
        if scheduled.round == int(scheduled.cell.id[:4]):
            wanting.remove(scheduled.cell.id)
    expected = chain.from_iterable(
        [(number, cell.id) for cell in order_round(cells, number, 9) if int(cell.id[:4]) >= number]
        for number in range(4)
    )
    assert made == list(expected)


def test_who_wants_again_waits_for_its_place() -> None:
    cells = alone(3)
    early, middle, _ = order_round(cells, 0, 9)
    assert next_repetition(cells, {early.id}, (0, middle.id), 9) == ScheduledRepetition(1, early)


def test_without_a_cell_that_wants_more_there_is_no_next_repetition() -> None:
    assert next_repetition(alone(2), set(), (3, alone(2)[0].id), 9) is None


@pytest.mark.parametrize(
    ("change", "index"),
    [
        (lambda schedule: schedule, None),
        (lambda schedule: schedule[1:], None),
        (lambda schedule: [schedule[1], schedule[0], *schedule[2:]], 1),
        (lambda schedule: [*schedule[:3], schedule[2], *schedule[3:]], 3),
        (lambda schedule: [*schedule[3:], *schedule[:3]], 3),
    ],
    ids=["kept", "one left out", "swapped", "made twice", "rounds swapped"],
)
def test_disorder_is_found_where_it_begins(change: Callable[[Schedule], Schedule], index: int | None) -> None:
    cells = alone(3)
    schedule = [(number, cell.id) for number in range(2) for cell in order_round(cells, number, 3)]
    assert find_disorder(cells, change(schedule), 3) == index
