"""Which machines of one class are odd, cell by cell. Pure.

Machines of a class scatter, and good ones too. So a machine is odd if it lies too far from the others for any of so many
good machines in any of so many cells. A fixed limit of some percent rejects half of all good machines where they scatter
by 3%, and passes bad ones where they scatter by less.

Method: a machine is compared with the median and the spread of the others, in which it has no say
(`bench.stats.leave_one_out`); what counts is the gap between it and the next machine (`bench.stats.gaps`), for each side by
itself. Over cells, Bonferroni's inequality. A cell's spread is moderated by those of the other cells
(`bench.stats.variance`), which is what lets small classes say anything. There are two limits: a machine is suspect if it
lies too far out for values that scatter normally, and odd if it lies too far out for tails as heavy as the class may have;
a fifth of the level is spent on what is not known of them (`bench.stats.tails`). `tests/benchmarks/triage_rates.py` has the rates.
"""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.stats.gaps import Gaps, find_gaps, find_gaps_beyond
from bench.stats.leave_one_out import SPREAD_EFFICIENCY, Centre, find_centre, find_centres
from bench.stats.tails import NORMAL_SPREAD, NORMAL_TAIL, TAIL_SHARE, Scatter, estimate_tail
from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM, SCATTER_FLOOR

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

MACHINES_MIN = 4
"""Fewest machines of a class: of three, the others of one are two, whose distance says little of good machines."""

REFERENCES_MIN = 3
"""Fewest machines whose scatter says anything of the next machine's."""

POWER = 0.8
"""Share of odd machines that are found, of those that are odd by the smallest difference that could be shown."""

CONFIDENCE = 0.95
"""Of the intervals that are told; levels are of verdicts."""

OVERALL: Final = "all"
"""Of all cells together: the mean of logarithms. It finds what is a little slower in each of them."""

_MEDIAN_VARIANCE = 1.57
"""Variance of the median of many normal values, times their number, by their own variance: pi / 2."""

_DIFFERENCE_MAX = 10.0
"""What could be shown is not told beyond: 22,000 times as slow."""

_CLIP = 2.0
"""Distances are clipped at so many spreads where dependence is estimated, so that odd machines do not decide it."""

CellKey = str
Name = str


class Value(NamedTuple):
    """What a machine shows in a cell.

    Attributes:
        log: Logarithm of the metric, so turned that more is worse.
        variance: Of it, by the scatter of the machine's own repetitions.
    """

    log: float
    variance: float


class Deviation(NamedTuple):
    """How far a machine lies from the others of its class in a cell, in logarithms.

    Attributes:
        difference: From the median of the others; more is worse.
        error: Standard deviation of that difference for a good machine, by the spread of the others.
        reach: Half of the 95% interval of the difference.
        p_value: Chance that any good machine of the class lies so far out on that side in any cell.
        p_if_normal: The same, if good machines scatter normally.
        odd: It lies too far out, on either side.
        suspect: It lies too far out for normal scatter.
        could_show: The smallest difference for the worse that would mostly have been odd.
        could_suspect: The smallest that would mostly have been suspect.
    """

    difference: float
    error: float
    reach: float
    p_value: float
    p_if_normal: float
    odd: bool
    suspect: bool
    could_show: float
    could_suspect: float


def find_deviations(
    cells: Mapping[CellKey, Mapping[Name, Value]],
    *,
    level: float,
    references: Mapping[CellKey, Mapping[Name, Value]] | None = None,
) -> dict[CellKey, dict[Name, Deviation]]:
    """Compare each machine with the others of its class, or with references, in each cell and over all cells.

    A machine that lacks a cell takes no part in it, nor in `OVERALL`, which is left out of fewer than two cells.

    Args:
        cells: Of the class. Cells of fewer than `MACHINES_MIN` machines are left out; `OVERALL` is not among them.
        level: Chance that any good machine comes out odd for the worse in any cell; the same again for the better.
        references: Machines that are known to be good, none of which is judged, for the same cells; cells of fewer than
            `REFERENCES_MIN` of them are left out. None takes the others of the class.

    Returns:
        By cell and machine; in the order given, `OVERALL` last.
    """
    least = MACHINES_MIN if references is None else 1
    known = {key: others for key, others in (references or {}).items() if len(others) >= REFERENCES_MIN}
    judged = {
        key: values for key, values in cells.items() if len(values) >= least and (references is None or key in known)
    }
    if not judged:
        return {}
    columns = _moderate([_read_column(key, values, known.get(key)) for key, values in judged.items()])
    good = [judged[key] if references is None else known[key] for key in judged]
    if len(judged) > 1:
        values = _average(judged)
        others = None if references is None else _average({key: known[key] for key in judged})
        if len(values) >= least and (others is None or len(others) >= REFERENCES_MIN):
            # The mean over cells scatters less than each of them, so that their spread is no prior of its.
            columns.append(_read_column(OVERALL, values, others))
    tail = _find_tail(good, TAIL_SHARE * level)
    return {column.key: _judge(column, tail, level, len(columns)) for column in columns}


def _average(cells: Mapping[CellKey, Mapping[Name, Value]]) -> dict[Name, Value]:
    """Return the mean over all cells, of machines that have all of them."""
    complete = set.intersection(*(set(values) for values in cells.values()))
    names = [name for name in next(iter(cells.values())) if name in complete]
    count = len(cells)
    return {
        name: Value(
            fmean(values[name].log for values in cells.values()),
            fsum(values[name].variance for values in cells.values()) / count**2,
        )
        for name in names
    }


def _find_tail(cells: Sequence[Mapping[Name, Value]], chance: float) -> float:
    """Return the degrees of freedom of the tails of good machines, as those of all cells show it.

    Args:
        cells: Of machines that are good, but for a few.
        chance: That tails are taken for lighter than they are.
    """
    import numpy as np

    distances: list[NDArray[float64]] = []
    of_machine: dict[Name, list[float]] = {}
    for values in cells:
        logs = np.array([value.log for value in values.values()])
        centre = find_centres(logs)
        found = (logs - centre.median) / np.maximum(centre.spread, SCATTER_FLOOR)
        distances.append(found)
        for name, distance in zip(values, np.clip(found, -_CLIP, _CLIP).tolist(), strict=True):
            of_machine.setdefault(name, []).append(distance)
    # Cells of one machine are alike; where they are equal, all of them say no more than one.
    each = np.var([distance for found in of_machine.values() for distance in found])
    count = fmean(map(len, of_machine.values()))
    dependence = count * np.var([fmean(found) for found in of_machine.values()]) / each if each else count
    return estimate_tail(distances, float(np.clip(dependence, 1.0, count)), chance)


class _Column(NamedTuple):
    """All machines in one cell.

    Attributes:
        names: Of machines, in the order given.
        logs: By machine.
        excess: Variance of each by its own repetitions beyond what is usual.
        references: Logarithms of references; None if machines are compared with one another.
        centre: Of the others, or of references; its spread is that of the difference from its median.
        degrees_of_freedom: Of the spread.
    """

    key: CellKey
    names: tuple[Name, ...]
    logs: "NDArray[float64]"
    excess: "NDArray[float64]"
    references: "NDArray[float64] | None"
    centre: Centre
    degrees_of_freedom: float


def _read_column(key: CellKey, values: Mapping[Name, Value], references: Mapping[Name, Value] | None) -> _Column:
    import numpy as np

    logs = np.array([value.log for value in values.values()])
    variances = np.array([value.variance for value in values.values()])
    usual = np.median([value.variance for value in (references or values).values()])
    others = None if references is None else np.array([value.log for value in references.values()])
    centre = find_centres(logs) if others is None else find_centre(others, len(logs))
    widened = np.maximum(centre.spread, NORMAL_SPREAD * SCATTER_FLOOR) * sqrt(1 + _MEDIAN_VARIANCE / centre.others)
    return _Column(
        key=key,
        names=tuple(values),
        logs=logs,
        excess=np.maximum(variances - usual, 0),
        references=others,
        centre=centre._replace(spread=widened),
        degrees_of_freedom=SPREAD_EFFICIENCY * (centre.others - 1),
    )


def _moderate(columns: Sequence[_Column]) -> list[_Column]:
    """Return columns with spreads no less than their own, nor than their mean with that of other cells."""
    import numpy as np

    if len(columns) == 1:
        return list(columns)
    prior = np.median([np.median(column.centre.spread) for column in columns])
    found = []
    for column in columns:
        own, weight = column.degrees_of_freedom, PRIOR_DEGREES_OF_FREEDOM
        squares = column.centre.spread**2
        moderated = np.sqrt(np.maximum(squares, (weight * prior**2 + own * squares) / (weight + own)))
        found.append(column._replace(centre=column.centre._replace(spread=moderated), degrees_of_freedom=own + weight))
    return found


def _judge(column: _Column, tail: float, level: float, columns: int) -> dict[Name, Deviation]:
    """Return the deviation of each machine in one of some columns."""
    import numpy as np

    scales = np.sqrt(column.centre.spread**2 + NORMAL_SPREAD**2 * column.excess)
    differences = column.logs - column.centre.median
    heavy, normal = (Scatter(tails, column.degrees_of_freedom) for tails in (tail, NORMAL_TAIL))
    limits = []
    for scatter, spent in ((heavy, TAIL_SHARE * level), (normal, 0.0)):
        left = (level - spent) / columns
        worse, better = (_find_gaps(column, scales, scatter, left, side=side) for side in (1.0, -1.0))
        p_values = np.where(differences >= 0, worse.p_values, better.p_values) * columns + spent
        could_show = np.minimum(_DIFFERENCE_MAX, (worse.needed + scatter.find_distance(1 - POWER)) * scales)
        limits.append((p_values.tolist(), could_show.tolist()))
    (p_heavy, could_show), (p_normal, could_suspect) = limits
    reach = heavy.find_distance((1 - CONFIDENCE) / 2)
    return {
        name: Deviation(
            difference=float(differences[index]),
            error=float(scales[index]) / NORMAL_SPREAD,
            reach=min(_DIFFERENCE_MAX, float(scales[index]) * reach),
            p_value=min(1.0, p_heavy[index]),
            p_if_normal=min(1.0, p_normal[index]),
            odd=p_heavy[index] <= level,
            suspect=min(p_heavy[index], p_normal[index]) <= level,
            could_show=could_show[index],
            could_suspect=min(could_show[index], could_suspect[index]),
        )
        for index, name in enumerate(column.names)
    }


def _find_gaps(column: _Column, scales: "NDArray[float64]", scatter: Scatter, level: float, *, side: float) -> Gaps:
    centre = column.centre._replace(median=side * column.centre.median)
    if column.references is None:
        return find_gaps(side * column.logs, centre, scales, scatter, level=level)
    return find_gaps_beyond(side * column.logs, side * column.references, centre, scales, scatter, level=level)
