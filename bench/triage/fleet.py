"""Read the bundles of a fleet, each verified."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.bundle.signers import Requirements
from bench.errors import UsageError
from bench.records.lookup import suggest
from bench.records.triage import UnreadBundle
from bench.report.printable import spell_out_bytes
from bench.run.private_words import compile_value_cutter, find_private_words
from bench.run.scrub import scrub_strings
from bench.stats.metrics import METRICS
from bench.triage.run import FleetRun, read_run
from bench.verification.processes import map_bundles
from bench.verification.verify_many import find_bundles


class Fleet(NamedTuple):
    """The bundles of a fleet, sorted by path.

    Attributes:
        runs: Of those that verify.
        unread: Those that do not.
    """

    runs: tuple[FleetRun, ...]
    unread: tuple[UnreadBundle, ...]


def read_fleet(paths: Sequence[Path], requirements: Requirements, metric: str) -> Fleet:
    """Verify bundles on all cores, and keep of each what machines are compared by.

    Args:
        paths: Bundles, and folders: every bundle in one or below counts.
        requirements: Keys that must have signed each.
        metric: That machines are compared by.

    Raises:
        UsageError: no such file, a folder holds no bundle, or repetitions do not have that metric.
    """
    comparable = [name for name, row in METRICS.items() if row.aggregation == "mean"]
    if metric not in comparable:
        listed = f"{suggest(metric, comparable)}use one of {', '.join(comparable)}"
        raise UsageError(f"machines cannot be compared by {metric!r}; {listed}")
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"{missing}: no such file or folder")
    read = list(map_bundles(partial(read_run, requirements=requirements, metric=metric), find_bundles(paths)))
    return Fleet(
        runs=tuple(run for run in read if isinstance(run, FleetRun)),
        unread=_make_publishable(run for run in read if isinstance(run, UnreadBundle)),
    )


def _make_publishable(unread: Iterable[UnreadBundle]) -> tuple[UnreadBundle, ...]:
    """Return bundles whose paths can be sealed: without home folders and users, and in UTF-8."""
    cut = compile_value_cutter(find_private_words(os.environ, ""))
    return tuple(scrub_strings(bundle, lambda text: cut(spell_out_bytes(text))) for bundle in unread)
