"""Read, write and check `calibration.json`, which lies beside the bundles of a host."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from math import isclose
from pathlib import Path

from msgspec.structs import replace

from bench.bundle.files import read_file, write_file
from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.calibration import Calibration, CellCalibration
from bench.records.digest import Digest
from bench.records.machine import Machine
from bench.records.record import decode_json, encode_json

FILE_NAME = "calibration.json"
CALIBRATION_BYTES = 1 << 22
"""Far more than the ten thousand cells of a plan take."""

SCATTER_LIMIT = 1.0
"""Standard deviation of logarithms. Runs or repetitions that lie apart by a factor of e measure nothing."""


def digest_host(machine: Machine) -> Digest:
    """Return a digest of CPU and topology: it identifies a host, and does not say whose it is.

    Memory is left out: guests are given memory while they run (balloons).
    """
    nodes = tuple(replace(node, memory_bytes=None) for node in machine.topology.nodes)
    facts = encode_json((machine.cpu, replace(machine.topology, nodes=nodes)))
    return f"sha256:{hashlib.sha256(facts).hexdigest()}"


def write_calibration(folder: Path, calibration: Calibration) -> Path:
    """Write a calibration where later runs find it; replace an older one.

    Raises:
        OutputError: the folder cannot take it.
    """
    path = folder / FILE_NAME
    write_file(path, encode_json(calibration), replace=True)
    return path


def find_calibration(folder: Path, machine: Machine, *, before: datetime) -> Calibration | None:
    """Return the calibration in a folder if it is of this host, older than the run, and no nonsense; else None.

    Args:
        folder: Of the bundles.
        machine: The host.
        before: When the run begins. After a clock was set back, a calibration may be newer.

    Raises:
        BundleError: the file is not a calibration; says what to do.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    source = f"{path} (run bench calibrate again, or remove it)"
    calibration = decode_json(read_file(path, limit=CALIBRATION_BYTES), Calibration, source=source)
    fits = calibration.host_digest == digest_host(machine)
    older = parse_timestamp(calibration.measured_at, source=source) <= before
    return calibration if fits and older and next(find_problems(calibration), None) is None else None


def check_calibration(contents: Contents) -> None:
    """Refuse the calibration of another host, one that is newer than its run, and one that is nonsense.

    Raises:
        BundleError: says what is wrong.
    """
    calibration = contents.calibration
    if calibration is None:
        return
    if calibration.host_digest != digest_host(contents.machine):
        raise BundleError("calibration.json is of another host than machine.json")
    info = contents.info
    # A resumed run takes the calibration that it finds when it goes on.
    began = info.finished_at if info.resumed else info.started_at
    measured_at = parse_timestamp(calibration.measured_at, source="calibration.json")
    if measured_at > parse_timestamp(began, source="bundle.json"):
        raise BundleError(
            f"calibration.json was measured until {calibration.measured_at}, after the run began at {began}"
        )
    if info.run_id in calibration.runs:
        raise BundleError(f"calibration.json was made from this run, {info.run_id}")
    problem = next(find_problems(calibration), None)
    if problem is not None:
        raise BundleError(f"calibration.json: {problem}")


def find_problems(calibration: Calibration) -> Iterator[str]:
    """Yield what is nonsense in a calibration, in clauses."""
    if len(set(calibration.runs)) != len(calibration.runs):
        yield "a run is named twice"
    if calibration.run_scatter_ratio > SCATTER_LIMIT:
        yield f"runs scatter by {calibration.run_scatter_ratio:g}; at most {SCATTER_LIMIT:g} is plausible"
    for place, cell in enumerate(calibration.cells):
        yield from (f"cell {place}: {problem}" for problem in _find_cell_problems(cell))


def _find_cell_problems(cell: CellCalibration) -> Iterator[str]:
    for what, scatter in (("repetitions", cell.repetition_scatter_ratio), ("runs", cell.run_scatter_ratio)):
        if scatter > SCATTER_LIMIT:
            yield f"{what} scatter by {scatter:g}; at most {SCATTER_LIMIT:g} is plausible"
    share = cell.false_alarm_ratio
    if cell.false_alarms > cell.comparisons or not isclose(share.point, cell.false_alarms / cell.comparisons):
        yield f"{cell.false_alarms} false alarms of {cell.comparisons} are called a share of {share.point:g}"
    if not 0 <= share.low <= share.point <= share.high <= 1:
        yield f"a share of {share.point:g} is put between {share.low:g} and {share.high:g}"
