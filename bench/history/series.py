"""Group the cells of many runs into series of comparable points, and name what separates one series from the next.

Two points are comparable where `bench compare` would judge them: no field that forbids a verdict differs. Nor may a setting
that may explain a difference, or the lock that the packages were installed from. What is left to differ is what a change is
looked for in, and named where one is found: packages, the kernel, microcode, firmware, and bench itself. A series goes on
where other runs lie between its own, as in a folder of several machines.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from bench.compare.comparability import compare_descriptions, find_rule
from bench.compare.packages import soften_package
from bench.compare.rules import CELL_RULES, RUN_RULES, Rule
from bench.history.columns import Columns
from bench.history.extract import Facts
from bench.records.case import Case
from bench.records.profile import LayoutName
from bench.records.record import encode_json
from bench.records.verdict import Finding
from bench.stats.change_points import Series
from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM

CAUSES = frozenset(
    {
        "machine.settings.kernel",
        "machine.settings.microcode",
        "machine.firmware.bios_version",
        "machine.firmware.product_name",
        "environment.source_digest",
        "environment.implementation",
    }
)
"""Fields that a change may come from, so that a difference in them does not end a series."""

LOCK = "environment.lock_digest"

HOST_NAME = "machine.host_name"


class CellSeries(NamedTuple):
    """A cell in comparable runs of one host.

    Attributes:
        rows: Of the points of the columns.
        series: The same for the search; runs are numbered by host.
        breaks: What differs from the series of this cell before.
    """

    case: Case
    layout: LayoutName
    rows: np.ndarray
    series: Series
    breaks: tuple[Finding, ...]


class HostSeries(NamedTuple):
    """The series of one host, lock and setting.

    Attributes:
        runs: Rows of its runs in the columns, in their order.
    """

    host: str
    runs: tuple[int, ...]
    cells: tuple[CellSeries, ...]


def is_break(rule: Rule, *, across_locks: bool) -> bool:
    """Return whether a difference in a field ends a series."""
    if rule.field == LOCK:
        return not across_locks
    return rule.compare != "note" and rule.field not in CAUSES


def group_series(columns: Columns, *, across_locks: bool) -> tuple[HostSeries, ...]:
    """Return the series of all cells, by host, lock and setting.

    Args:
        columns: Of runs in the order in which they began.
        across_locks: Another lock is no break.
    """
    digests = {
        row: _digest_breaks(columns.read_facts(row), _run_rule, across_locks=across_locks)
        for row in {run.facts for run in columns.runs}
    }
    run_keys = [digests[run.facts] for run in columns.runs]
    hosts: dict[str, list[int]] = {}
    for run_row, key in enumerate(run_keys):
        hosts.setdefault(key, []).append(run_row)
    number_in_host = np.empty(len(run_keys), "i8")
    for members in hosts.values():
        number_in_host[members] = np.arange(len(members))
    order = {key: number for number, key in enumerate(hosts)}
    host_of_run = np.array([order[key] for key in run_keys], "i8")
    kinds = _number_kinds(columns, across_locks=across_locks)
    run = columns.points["run"]
    labels = np.stack([columns.points["cell"], host_of_run[run], kinds], axis=1) if len(run) else np.empty((0, 3), "i8")
    unique, inverse = np.unique(labels, axis=0, return_inverse=True)
    by_label = np.argsort(inverse.ravel(), kind="stable")
    bounds = np.searchsorted(inverse.ravel()[by_label], np.arange(len(unique) + 1))
    groups = [by_label[begin:end] for begin, end in pairwise(bounds)]
    first_of_cell: dict[int, np.ndarray] = {}
    found: dict[int, list[CellSeries]] = {}
    for label, rows in sorted(zip(unique.tolist(), groups, strict=True), key=lambda entry: int(entry[1][0])):
        cell, host, _ = label
        case, layout = msgspec.json.decode(columns.texts[cell], type=tuple[Case, LayoutName])
        before = first_of_cell.get(cell)
        breaks = (
            () if before is None else _name_breaks(columns, int(before[0]), int(rows[0]), across_locks=across_locks)
        )
        first_of_cell[cell] = rows
        series = Series(
            number_in_host[run[rows]], columns.points["mean"][rows].astype("f8"), _own_variances(columns, rows)
        )
        found.setdefault(host, []).append(CellSeries(case, layout, rows, series, breaks))
    return tuple(
        HostSeries(columns.runs[members[0]].host, tuple(members), tuple(found[number]))
        for number, members in enumerate(hosts.values())
        if number in found
    )


def find_differences(columns: Columns, before: int, after: int) -> tuple[Finding, ...]:
    """Return what differs between two points of a cell, of their runs and of the cell itself.

    Args:
        columns: All of them.
        before: Row of a point.
        after: Row of a later one.
    """
    case, _ = msgspec.json.decode(columns.texts[int(columns.points["cell"][after])], type=tuple[Case, LayoutName])
    return tuple(soften_package(finding, {case.backend}) for finding, _ in _compare(columns, before, after))


def _name_breaks(columns: Columns, before: int, after: int, *, across_locks: bool) -> tuple[Finding, ...]:
    return tuple(
        finding for finding, rule in _compare(columns, before, after) if is_break(rule, across_locks=across_locks)
    )


def _compare(columns: Columns, before: int, after: int) -> Iterator[tuple[Finding, Rule]]:
    """Yield what differs between two points, each with the rule that looked at it."""
    points = columns.points
    first, second = (columns.runs[int(points["run"][row])] for row in (before, after))
    names = ({HOST_NAME: run.host_name} for run in (first, second))
    described = columns.read_facts(first.facts), columns.read_facts(second.facts)
    cells = (columns.read_facts(int(points["facts"][row])) for row in (before, after))
    for pair, rules, find in (
        (names, RUN_RULES, _run_rule),
        (described, RUN_RULES, _run_rule),
        (cells, CELL_RULES, _cell_rule),
    ):
        base, new = pair
        for finding in compare_descriptions(base, new, rules):
            yield finding, find(finding.field)


@cache
def _run_rule(field: str) -> Rule:
    return find_rule(field, RUN_RULES)


@cache
def _cell_rule(field: str) -> Rule:
    return find_rule(field, CELL_RULES)


def _digest_breaks(facts: Facts, find: Callable[[str], Rule], *, across_locks: bool) -> str:
    """Return a digest of the fields that end a series."""
    kept = [field for field in facts if is_break(find(field), across_locks=across_locks)]
    return hashlib.sha256(encode_json([(field, facts[field]) for field in sorted(kept)])).hexdigest()


def _number_kinds(columns: Columns, *, across_locks: bool) -> np.ndarray:
    """Return for each point a number that is the same where the cell's own facts do not end a series."""
    numbers: dict[str, int] = {}
    facts, inverse = np.unique(columns.points["facts"], return_inverse=True)
    kinds = [
        numbers.setdefault(
            _digest_breaks(columns.read_facts(int(row)), _cell_rule, across_locks=across_locks), len(numbers)
        )
        for row in facts
    ]
    numbered: np.ndarray = np.array(kinds, "i8")[inverse.ravel()]
    return numbered


def _own_variances(columns: Columns, rows: np.ndarray) -> np.ndarray:
    """Return the variance of each point by the scatter of its repetitions, moderated by what was usual for the cell so far.

    Method: moderated variances, as `bench.stats.variance.moderate`; the prior is the geometric mean over the points up to
    then, so that a later run changes nothing of an earlier one.
    """
    repetitions, variances = columns.points["repetitions"][rows], columns.points["variance"][rows]
    known = variances > 0
    logs = np.cumsum(np.log(variances, out=np.zeros(len(rows)), where=known))
    counts = np.cumsum(known)
    prior = np.where(counts > 0, np.exp(logs / np.maximum(counts, 1)), 0.0)
    degrees = repetitions - 1
    moderated = np.maximum(
        variances, (PRIOR_DEGREES_OF_FREEDOM * prior + degrees * variances) / (PRIOR_DEGREES_OF_FREEDOM + degrees)
    )
    own: np.ndarray = moderated / repetitions
    return own
