"""The history of a host's cells: series of comparable runs, changes of level in them, and the outcome."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.bundle import RunId, Timestamp
from bench.records.case import Case, WorkloadName
from bench.records.digest import Digest
from bench.records.machine import Count
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval
from bench.records.text import Line
from bench.records.verdict import Comparison, Finding

Direction = Literal["slower", "faster"]
ChangeState = Literal["suspected", "confirmed", "refuted", "acknowledged", "undone"]
"""Of a change that is slower: `suspected` until a rerun decides; `confirmed` or `refuted` by it; `acknowledged` in the
file of known changes; `undone` by a later change. One that is faster stays `suspected` or is `acknowledged`."""

HistoryOutcome = Literal["no_regression", "regression", "suspected", "too_few_runs"]


class KnownChange(Record, frozen=True, kw_only=True):
    """A change that somebody acknowledges.

    Attributes:
        run: Id of the first run after it.
        workload: Whose cells are meant; None for those of all workloads.
        layout: Which layout's cells are meant; None for those of all layouts.
        owner: Who answers for it.
        reason: Why it is accepted.
        date: When that was decided.
    """

    run: RunId
    workload: WorkloadName | None = None
    layout: LayoutName | None = None
    owner: Annotated[Line, Meta(min_length=1, max_length=200)]
    reason: Annotated[Line, Meta(min_length=1, max_length=1000)]
    date: dt.date


class KnownChanges(Record, frozen=True, kw_only=True):
    """The file of known changes.

    Attributes:
        known: In the order of the file.
    """

    known: Annotated[tuple[KnownChange, ...], Meta(max_length=10_000)] = ()


class Point(Record, frozen=True, kw_only=True):
    """A cell in one run.

    Attributes:
        bundle: Path of the bundle.
        repetitions: Valid ones.
        latency_s: As the bundle's summary has it.
    """

    run: RunId
    bundle: str
    started_at: Timestamp
    repetitions: Count
    latency_s: Interval


class Level(Record, frozen=True, kw_only=True):
    """The latency between two changes.

    Attributes:
        first, last: Index of its first and last point.
        latency_s: Geometric mean of the points.
    """

    first: Count
    last: Count
    latency_s: float


class Rerun(Record, frozen=True, kw_only=True):
    """How a change is confirmed: commands that measure its cell again.

    Attributes:
        kind: `ab` where the software differs, so that both can be measured in turn; `repeat` where it does not, so that
            the host's latency of today is compared with that of before.
        commands: Each as its arguments; words in capitals stand for what the reader has to name.
        packages: Versions that side a and side b need, by name: of those that differ.
        files: Files of the user's that the commands name, with their digests; no bundle says where they lie.
        comparison: What it showed; None until it is done.
        bundle: Path of the new bundle.
    """

    kind: Literal["ab", "repeat"]
    commands: tuple[tuple[str, ...], ...]
    packages: dict[str, tuple[str, str]] = {}
    files: dict[str, Digest | None] = {}
    comparison: Comparison | None = None
    bundle: str | None = None


class LevelChange(Record, frozen=True, kw_only=True):
    """A change of level.

    Attributes:
        before: Index of the last point before it.
        first: Index of the first point after it.
        found: Index of the point with which it was found.
        direction: Of the latency: `slower` is more of it.
        ratio: Latency after over before, with its 95% interval.
        state: Whether it counts as a regression.
        differences: What differs between the runs on both sides of it.
        acknowledged: The entry of the file of known changes.
        rerun: How it is confirmed; None where that was not asked for.
    """

    before: Count
    first: Count
    found: Count
    direction: Direction
    ratio: Interval
    state: ChangeState
    differences: tuple[Finding, ...] = ()
    acknowledged: KnownChange | None = None
    rerun: Rerun | None = None


class CellHistory(Record, frozen=True, kw_only=True):
    """One cell in comparable runs.

    Attributes:
        points: In the order in which the runs began.
        levels: One more than there are changes.
        changes: In their order.
        breaks: What differs from the series of this cell before, so that no point is compared with any of that.
        autocorrelation: From one run to the next, as it was allowed for at the end.
        detectable_ratio: The smallest change that four of five such series would show within ten more runs; None while
            there are too few runs to show any.
    """

    case: Case
    layout: LayoutName
    points: Annotated[tuple[Point, ...], Meta(min_length=1)]
    levels: Annotated[tuple[Level, ...], Meta(min_length=1)]
    changes: tuple[LevelChange, ...] = ()
    breaks: tuple[Finding, ...] = ()
    autocorrelation: float
    detectable_ratio: float | None = None


class HistoryCriteria(Record, frozen=True, kw_only=True):
    """What the search allows.

    Attributes:
        false_alarms: Expected number in `runs` runs of `cells` cells that do not change, each run looked at.
        tail: Level of each split by itself, one-sided, that keeps to it.
    """

    false_alarms: float
    runs: Count
    cells: Count
    tail: float


class HostHistory(Record, frozen=True, kw_only=True):
    """The comparable runs of one host, of one lock and setting.

    Attributes:
        cells: By the beginning of their series.
    """

    host: Digest
    runs: Annotated[int, Meta(ge=1)]
    cells: tuple[CellHistory, ...]


class Excluded(Record, frozen=True, kw_only=True):
    """A bundle that takes no part."""

    bundle: str
    reason: Reason


class History(Record, frozen=True, kw_only=True):
    """A whole history.

    Attributes:
        hosts: By their first run.
        excluded: Bundles that take no part, with the reason.
        notes: What a reader must know besides.
    """

    criteria: HistoryCriteria
    hosts: tuple[HostHistory, ...]
    outcome: HistoryOutcome
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Reason, ...] = ()


EXIT_STATUS: dict[HistoryOutcome, int] = {"no_regression": 0, "regression": 1, "suspected": 3, "too_few_runs": 3}
