"""The order of repetitions: rounds, each shuffled from the plan's seed.

In a round every unfinished cell gets one repetition, so that slow drift of the host falls on all
cells alike and does not pass for a difference between them. Rounds beyond the least repetitions stay
shuffled, too: the widest interval first would put the repetitions of one cell side by side again, and
time goes to wide intervals anyway, as cells with narrow ones are finished.

Two cells of variants a and b that follow one another in the plan are a pair. A pair's repetitions run side by
side, and the side that goes first alternates: A B, B A, A B, ... is the sequence ABBA, in
which drift that is linear in time cancels (Student, Comparison Between Balanced and Random Arrangements
of Field Plots, Biometrika 29, 1938). The cells of more variants are a block, which goes the same way: A B C, C B A, ...

An order is a pure function of cells, round and seed, and of nothing that happened before. So a run that
was resumed goes on in it, and `bench verify` can tell whether a bundle's was kept.
"""

import hashlib
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from bench.records.plan import Cell
from bench.records.variant import BASE


class ScheduledRepetition(NamedTuple):
    """A cell's place in a round."""

    round: int
    cell: Cell


def order_round(cells: Sequence[Cell], number: int, seed: int) -> tuple[Cell, ...]:
    """Return all cells of a plan in the order of one round.

    Sorted by a hash: the order of Python's `shuffle` is not promised to stay the same, SHA-256 is.

    Args:
        cells: Of the plan, all of them.
        number: Of the round, from 0.
        seed: The plan's.
    """
    places = _places(cells)
    return tuple(sorted(cells, key=lambda cell: _key(places[cell.id], number, seed)))


def next_repetition(
    cells: Sequence[Cell], wanting: Container[str], last: tuple[int, str] | None, seed: int
) -> ScheduledRepetition | None:
    """Return the repetition that comes next.

    Args:
        cells: Of the plan, all of them.
        wanting: Ids of the cells that want another repetition.
        last: Round and cell of the last repetition; None before the first.
        seed: The plan's.

    Returns:
        None if no cell wants one.
    """
    if not any(cell.id in wanting for cell in cells):
        return None
    number = 0
    if last is not None:
        number, cell_id = last
        row = order_round(cells, number, seed)
        after = [cell.id for cell in row].index(cell_id) + 1
        for cell in row[after:]:
            if cell.id in wanting:
                return ScheduledRepetition(number, cell)
        number += 1
    return ScheduledRepetition(number, next(cell for cell in order_round(cells, number, seed) if cell.id in wanting))


def find_disorder(cells: Sequence[Cell], schedule: Sequence[tuple[int, str]], seed: int) -> int | None:
    """Return the index of the first repetition that does not follow from the one before; None if the order was kept.

    Args:
        cells: Of the plan, all of them.
        schedule: Round and cell, of the plan, of every repetition, in the order in which they were made.
        seed: The plan's.
    """
    places = _places(cells)
    last: tuple[int, tuple[bytes, int]] | None = None
    for index, (number, cell_id) in enumerate(schedule):
        here = (number, _key(places[cell_id], number, seed))
        if last is not None and here <= last:
            return index
        last = here
    return None


def find_partners(cells: Sequence[Cell]) -> Mapping[str, tuple[str, ...]]:
    """Return for each cell the other cells of its pair or block: none for a cell without a variant."""
    units = _units(cells)
    return {cell_id: tuple(partner for partner in unit if partner != cell_id) for unit in units for cell_id in unit}


def _units(cells: Sequence[Cell]) -> Sequence[Sequence[str]]:
    """Return pairs and blocks, and cells without a partner, by their ids. Variant a comes first."""
    units: list[list[str]] = []
    for cell in cells:
        if cell.variant not in {None, BASE} and units:
            units[-1].append(cell.id)
        else:
            units.append([cell.id])
    return units


def _places(cells: Sequence[Cell]) -> Mapping[str, tuple[str, int]]:
    """Return for each cell its pair or block, by the id of the first cell, and its place in it."""
    return {cell_id: (unit[0], place) for unit in _units(cells) for place, cell_id in enumerate(unit)}


def _key(place: tuple[str, int], number: int, seed: int) -> tuple[bytes, int]:
    """Return what a round is sorted by."""
    unit, within = place
    return hashlib.sha256(f"{seed} {number} {unit}".encode()).digest(), -within if number % 2 else within
