"""Which machines of one class are odd, cell by cell. Pure.

Machines of a class scatter, and good ones too. So a machine is odd if it lies too far from the others for any of so many
good machines in any of so many cells; a fixed limit of some percent rejects half of all good machines where they scatter
by 3%, and passes bad ones where they scatter by less.

Method: the generalized extreme studentized deviate procedure (Rosner, Technometrics 25, 1983), for each side by itself. The
machine farthest from the middle is compared with all others, then taken out, and so on; odd are all machines up to the
last that lies too far, so that several odd machines do not hide one another. Over cells, Bonferroni's inequality. A
cell's variance is moderated by those of the other cells (`bench.stats.variance`), which is what lets small classes say
anything. `tests/benchmarks/triage.py` has the rates.
"""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt
from statistics import fmean, median
from typing import Final, NamedTuple

from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM, SCATTER_FLOOR, moderate

MACHINES_MIN = 3
"""Of two machines, neither is the odd one."""

REFERENCES_MIN = 3
"""Fewest machines whose scatter says anything of the next machine's."""

POWER = 0.8
"""Share of odd machines that are found, of those that are odd by the smallest difference that could be shown."""

OVERALL: Final = "all"
"""Of all cells together: the mean of logarithms. It finds what is a little slower in each of them."""

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
        difference: From the mean of the others that are not odd; more is worse.
        error: Standard deviation of that difference for a good machine.
        degrees_of_freedom: Of the error.
        p_value: Chance that any good machine of the class lies so far on that side in any cell.
        odd: It lies too far, on either side.
        could_show: The smallest difference for the worse that would mostly have been found.
    """

    difference: float
    error: float
    degrees_of_freedom: float
    p_value: float
    odd: bool
    could_show: float


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
    base = judged if references is None else {key: known[key] for key in judged}
    prior = median(_robust_variance(list(values.values())) for values in base.values())
    columns = [(key, values, base[key], prior) for key, values in judged.items()]
    if len(judged) > 1:
        overall, overall_base = _average(judged), _average(base)
        enough = len(overall_base) >= (MACHINES_MIN if references is None else REFERENCES_MIN)
        if overall and enough:
            # The mean over cells scatters less than each of them, so that their scatter is no prior of it.
            columns.append((OVERALL, overall, overall_base, 0.0))
    judge = _judge_class if references is None else _judge_by_references
    return {
        key: judge(values, others, variance, level=level, columns=len(columns))
        for key, values, others, variance in columns
    }


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


def _robust_variance(values: Sequence[Value]) -> float:
    """Return the variance of normal values by their median absolute deviation, which half of them may spoil.

    Method: Croux and Rousseeuw, Time-efficient algorithms for two highly robust estimators of scale (COMPSTAT 1992): its
    factor for few values is n / (n - 0.8).
    """
    logs = [value.log for value in values]
    middle = median(logs)
    scale = 1.4826 * median(abs(value - middle) for value in logs) * len(logs) / (len(logs) - 0.8)
    return max(scale, SCATTER_FLOOR) ** 2


class _Others(NamedTuple):
    """Machines that one is compared with."""

    mean: float
    variance: float
    machines: int


def _judge_class(
    values: Mapping[Name, Value], _: Mapping[Name, Value], prior: float, *, level: float, columns: int
) -> dict[Name, Deviation]:
    """Judge each machine by the others that are not odd."""
    usual = median(value.variance for value in values.values())
    odd = _find_odd(values, prior, usual, level=level, columns=columns)
    good = {name: value.log for name, value in values.items() if name not in odd}
    middle = fmean(good.values())
    squares = fsum((value - middle) ** 2 for value in good.values())
    found = {}
    for name, value in values.items():
        others = _Others(middle, squares / (len(good) - 1), len(good))
        if name in good:
            others = _leave_out(value.log, middle, squares, len(good))
        found[name] = _compare(
            value, others, prior, usual, level=level, tests=columns * (others.machines + 1), odd=name in odd
        )
    return found


def _judge_by_references(
    values: Mapping[Name, Value], references: Mapping[Name, Value], prior: float, *, level: float, columns: int
) -> dict[Name, Deviation]:
    """Judge each machine by the references."""
    logs = [value.log for value in references.values()]
    middle = fmean(logs)
    others = _Others(middle, fsum((value - middle) ** 2 for value in logs) / (len(logs) - 1), len(logs))
    usual = median(value.variance for value in references.values())
    tests = columns * len(values)
    found = {name: _compare(value, others, prior, usual, level=level, tests=tests) for name, value in values.items()}
    return {name: item._replace(odd=item.p_value <= level) for name, item in found.items()}


def _find_odd(
    values: Mapping[Name, Value], prior: float, usual: float, *, level: float, columns: int
) -> frozenset[Name]:
    """Return the machines that are odd in one cell: fewer than half of them."""
    order = sorted(values, key=lambda name: (values[name].log, name))
    logs = [values[name].log for name in order]
    total, squares = fsum(logs), fsum(value * value for value in logs)
    first, last = 0, len(order) - 1
    taken: list[Name] = []
    count_odd = 0
    while len(taken) < (len(order) - 1) // 2 and last - first >= MACHINES_MIN - 1:
        middle = (logs[(first + last) // 2] + logs[(first + last + 1) // 2]) / 2
        upper = logs[last] - middle >= middle - logs[first]
        name = order[last] if upper else order[first]
        value = values[name]
        count = last - first  # of the others
        total, squares = total - value.log, squares - value.log**2
        mean = total / count
        others = _Others(mean, max(0.0, squares - count * mean * mean) / max(1, count - 1), count)
        found = _compare(value, others, prior, usual, level=level, tests=columns * (count + 1))
        taken.append(name)
        count_odd = len(taken) if found.p_value <= level else count_odd
        first, last = (first, last - 1) if upper else (first + 1, last)
    return frozenset(taken[:count_odd])


def _leave_out(value: float, mean: float, squares: float, count: int) -> _Others:
    """Return what is left of some values without one of them."""
    rest = count - 1
    middle = mean + (mean - value) / rest
    left = max(0.0, squares - (value - mean) ** 2 * count / rest)
    return _Others(middle, left / max(1, rest - 1), rest)


def _compare(
    value: Value, others: _Others, prior: float, usual: float, *, level: float, tests: int, odd: bool = False
) -> Deviation:
    """Compare one machine with others.

    Args:
        value: Of the machine.
        others: What it is compared with.
        prior: Variance that is usual among cells; 0 for none.
        usual: Variance of a machine's value by its own repetitions; what this one has more is added.
        level: As for `find_deviations`.
        tests: Machines times cells that are compared.
        odd: What becomes of it.
    """
    from scipy.special import stdtr, stdtrit

    own = max(others.variance, SCATTER_FLOOR**2)
    gained = PRIOR_DEGREES_OF_FREEDOM if prior else 0.0
    variance = moderate(own, others.machines - 1, prior) if prior else own
    error = sqrt(variance * (1 + 1 / others.machines) + max(0.0, value.variance - usual))
    degrees_of_freedom = max(1.0, others.machines - 1 + gained)
    difference = value.log - others.mean
    p_value = min(1.0, tests * float(stdtr(degrees_of_freedom, -abs(difference) / error)))
    limit = -float(stdtrit(degrees_of_freedom, level / tests))
    return Deviation(
        difference=difference,
        error=error,
        degrees_of_freedom=degrees_of_freedom,
        p_value=p_value,
        odd=odd,
        could_show=error * (limit + float(stdtrit(degrees_of_freedom, POWER))),
    )
