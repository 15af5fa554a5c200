"""The limits of the search for changes, from simulation: what level of a single split keeps the promised false alarms."""

import importlib.resources
from functools import cache
from typing import Annotated

from msgspec import Meta

from bench.records.record import Record, decode_json

LIMITS_NAME = "change_limits.json"


class ChangeLimits(Record, frozen=True, kw_only=True):
    """`change_limits.json`, as `python -m tests.benchmarks.history_limits` writes it.

    Attributes:
        tail: Level of each split by itself, one-sided.
        false_alarms: Expected number in `runs` runs of `cells` cells that do not change, each run looked at.
        simulated: What the search that has this level raised by simulation, with the ends of its 95% interval.
        histories: How many were simulated, each of so many runs and cells.
        seed: Of the simulation.
    """

    tail: Annotated[float, Meta(gt=0, lt=1)]
    false_alarms: Annotated[float, Meta(gt=0)]
    runs: Annotated[int, Meta(ge=1)]
    cells: Annotated[int, Meta(ge=1)]
    simulated: tuple[float, float, float]
    histories: Annotated[int, Meta(ge=1)]
    seed: Annotated[int, Meta(ge=0)]


@cache
def load_limits() -> ChangeLimits:
    """Return the limits that come with bench."""
    data = (importlib.resources.files("bench.stats") / LIMITS_NAME).read_bytes()
    return decode_json(data, ChangeLimits, source=LIMITS_NAME)
