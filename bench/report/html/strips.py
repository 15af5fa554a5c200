"""Strips: every sample of a cell, repetition by repetition, as paths of SVG.

A strip is a few paths of dots, so a template writes it. Vega would make an element of each sample: a run of `standard`
has 50,000, and its page would take 10 MB.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil
from typing import Literal, NamedTuple

from bench.records.summary import Interval
from bench.report.rows.samples import RepetitionRow, SamplesRow
from bench.report.units import format_seconds

WIDTH, HEIGHT = 400, 96
"""Of the plotting area, in units of its view box, each about a pixel."""

MARKS_MAX = 60_000
"""Dots of all strips of one page at most. A dot takes some ten bytes, and a page has to stay below 2 MB."""

_DOTS_MAX = 6
"""Dots of one column at most; of more, the line from the least to the largest is drawn."""

_MARGIN_RATIO = 0.08
_GAP = 3.0
"""Between two repetitions."""

_WARMUP_SHARE = 0.25
"""Of a repetition's width is for its warm-up."""


class Slot(NamedTuple):
    """One repetition's place in a strip.

    Attributes:
        left, right: In units of the view box.
        warmup: Where its warm-up ends.
        name: Its number, from 1.
        invalid: Why it is not used, in words; empty if it is.
    """

    left: float
    right: float
    warmup: float
    name: str
    invalid: str

    @property
    def middle(self) -> int:
        """Where its number stands."""
        return round((self.left + self.right) / 2)


class Strip(NamedTuple):
    """A picture of all samples of a cell.

    Attributes:
        frame, void: Data of paths around the places of valid and of invalid repetitions.
        divides: Data of the path of lines after warm-ups.
        warmup, samples, invalid: Data of paths whose dots are the samples.
        beyond: Samples of warm-ups and invalid repetitions that the axis does not reach: they stand at its edge.
        point, low, high: Heights of the cell's latency and of its interval; None of a cell without a number.
        top, bottom: What the edges of the axis stand for.
        ranged: Some column holds several samples, drawn as the line from the least to the largest.
        drawn, warm: How many samples and warm-up samples it shows.
    """

    slots: tuple[Slot, ...]
    frame: str
    void: str
    divides: str
    warmup: str
    samples: str
    invalid: str
    beyond: int
    point: float | None
    low: float | None
    high: float | None
    top: str
    bottom: str
    ranged: bool
    drawn: int
    warm: int


def draw_strip(row: SamplesRow, latency_s: Interval | None, *, columns: int = WIDTH) -> Strip:
    """Return the strip of a cell.

    Args:
        row: Its samples.
        latency_s: Of the cell; None if it has no number.
        columns: Places for dots from left to right. More samples than that share places.
    """
    axis = _choose_axis(row.repetitions)
    slots = tuple(_place(row.repetitions))
    width = WIDTH / columns
    warmup: list[str] = []
    samples: list[str] = []
    invalid: list[str] = []
    for slot, repetition in zip(slots, row.repetitions, strict=True):
        warmup += _dot(repetition.warmup_s, slot.left + 1, slot.warmup - 1, axis, width)
        target = invalid if repetition.invalid else samples
        target += _dot(repetition.samples_s, slot.warmup + 1, slot.right - 1, axis, width)
    timed, warm = _join(row.repetitions, "samples_s"), _join(row.repetitions, "warmup_s")
    return Strip(
        slots=slots,
        frame="".join(_frame(slot) for slot in slots if not slot.invalid),
        void="".join(_frame(slot) for slot in slots if slot.invalid),
        divides="".join(f"M{slot.warmup:g} 0V{HEIGHT}" for slot in slots),
        warmup="".join(warmup),
        samples="".join(samples),
        invalid="".join(invalid),
        beyond=sum(not axis.low <= value <= axis.high for value in (*timed, *warm)),
        point=None if latency_s is None else axis.height(latency_s.point),
        low=None if latency_s is None else axis.height(latency_s.low),
        high=None if latency_s is None else axis.height(latency_s.high),
        top=format_seconds(axis.high),
        bottom=format_seconds(max(0.0, axis.low)),
        ranged=any("V" in mark for mark in (*warmup, *samples, *invalid)),
        drawn=len(timed),
        warm=len(warm),
    )


def name_code(code: str) -> str:
    """Return why a repetition is invalid, in words."""
    return code.replace("_", " ")


def choose_columns(cells: int) -> int:
    """Return how many columns each strip of a page with so many cells may have."""
    return max(20, min(WIDTH, MARKS_MAX // _DOTS_MAX // max(1, cells)))


class _Axis(NamedTuple):
    low: float
    high: float

    def height(self, value: float) -> float:
        """Return the distance from the upper edge, within the picture."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT * (1 - share), 1)


def _choose_axis(repetitions: Sequence[RepetitionRow]) -> _Axis:
    """Return the axis that shows all samples that a number rests on; of a cell without any, whatever there is."""
    valid = [repetition for repetition in repetitions if not repetition.invalid]
    values = _join(valid, "samples_s") or _join(repetitions, "samples_s") or _join(repetitions, "warmup_s") or [1.0]
    low, high = min(values), max(values)
    margin = _MARGIN_RATIO * (high - low) or _MARGIN_RATIO * high
    return _Axis(low - margin, high + margin)


def _join(repetitions: Iterable[RepetitionRow], part: Literal["samples_s", "warmup_s"]) -> list[float]:
    return [value for repetition in repetitions for values in getattr(repetition, part) for value in values]


def _place(repetitions: Sequence[RepetitionRow]) -> Iterator[Slot]:
    width = WIDTH / len(repetitions)
    for place, repetition in enumerate(repetitions):
        left = place * width + _GAP / 2
        inner = width - _GAP
        yield Slot(
            left=round(left, 1),
            right=round(left + inner, 1),
            warmup=round(left + inner * _WARMUP_SHARE, 1),
            name=str(repetition.index + 1),
            invalid=", ".join(map(name_code, repetition.invalid)),
        )


def _frame(slot: Slot) -> str:
    return f"M{slot.left:g} 0H{slot.right:g}V{HEIGHT}H{slot.left:g}Z"


def _dot(instances: Iterable[Sequence[float]], left: float, right: float, axis: _Axis, width: float) -> list[str]:
    """Return dots from left to right; samples that share a column of some width are one line."""
    places: dict[int, set[float]] = {}
    columns = max(1, int((right - left) / width))
    for values in instances:
        per_column = ceil(len(values) / columns) or 1
        used = ceil(len(values) / per_column)
        for index, value in enumerate(values):
            at = left + (index // per_column + 0.5) * (right - left) / used
            places.setdefault(round(at), set()).add(axis.height(value))
    return list(chain.from_iterable(_mark(x, heights) for x, heights in sorted(places.items())))


def _mark(x: int, heights: set[float]) -> Iterator[str]:
    """Yield a dot for each height of a column, or one line where there are too many."""
    if len(heights) > _DOTS_MAX:
        yield f"M{x} {min(heights):g}V{max(heights):g}"
        return
    for height in sorted(heights):
        yield f"M{x} {height:g}h0"
