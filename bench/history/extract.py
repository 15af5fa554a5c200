"""What a history needs of a bundle: a few numbers of each cell, and all that decides what they are comparable with."""

import hashlib
import sys
from math import log
from pathlib import Path
from typing import NamedTuple

from bench.bundle.calibration import digest_host
from bench.compare.comparability import describe_cell, describe_run
from bench.compare.evidence import read_values
from bench.compare.shared_samples import list_samples
from bench.errors import BenchError
from bench.records.bundle import Contents
from bench.records.record import encode_json_line
from bench.stats.variance import sample_variance
from bench.verification.verify import read_bundle, verify_bytes

Facts = dict[str, str]
"""Text by field. Equal ones of many runs are one text, and cheap to hand from one process to another, as JSON."""


class CellFacts(NamedTuple):
    """A cell of a run that has a number.

    Attributes:
        cell: Case and layout, as JSON.
        facts: What its own rules of comparability look at, `Facts` as JSON.
        mean: Of the logarithms of its valid repetitions' latencies.
        variance: Of those logarithms; 0 of a single one.
        repetitions: How many there are, at least 1.
        latency_s: Point and ends of the summary's interval.
    """

    cell: str
    facts: str
    mean: float
    variance: float
    repetitions: int
    latency_s: tuple[float, float, float]


class RunFacts(NamedTuple):
    """A run.

    Attributes:
        host: Digest that identifies the host.
        use: Why it takes no part in a history: `interleaved`, `emulated_architecture` or `no_valid_repetition`; empty if
            it does.
        facts: What the rules of comparability of runs look at, `Facts` as JSON, but for the host's name: a container has
            another one in each run.
        samples: Digest of all its samples: who seals a run again has not measured it again.
    """

    run_id: str
    started_at: str
    host: str
    use: str
    host_name: str
    facts: str
    cells: tuple[CellFacts, ...]
    samples: str


class FileKey(NamedTuple):
    """What tells whether a file was written since: no user can set a file's change time.

    Source: stat(2), inode(7).
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class ReadBundle(NamedTuple):
    """A bundle that was read.

    Attributes:
        key: Of the file, while it was read.
        digest: SHA-256 of its bytes.
        run: None if it does not verify.
        error: Why not.
    """

    path: Path
    key: FileKey
    digest: str
    run: RunFacts | None
    error: str | None


def find_key(path: Path) -> FileKey | None:
    """Return the key of a file; None if there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileKey(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def digest_file(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes; None if it cannot be read as a bundle."""
    try:
        return hashlib.sha256(read_bundle(path)).hexdigest()
    except BenchError:
        return None


def read_run(path: Path) -> ReadBundle:
    """Verify a bundle, and return what a history needs of it. What does not verify is a result, too."""
    key = find_key(path) or FileKey(0, 0, 0, 0, 0)
    digest = ""
    try:
        data = read_bundle(path)
        digest = hashlib.sha256(data).hexdigest()
        contents = verify_bytes(data, path).contents
    except BenchError as error:
        return ReadBundle(path, key, digest, None, str(error))
    return ReadBundle(path, key, digest, extract(contents), None)


def extract(contents: Contents) -> RunFacts:
    """Return what a history needs of a verified run."""
    samples = hashlib.sha256()
    for process in list_samples(contents):
        samples.update(encode_json_line(process))
    use = "interleaved" if contents.plan.variants else ""
    if contents.machine.cpu.emulated:
        use = "emulated_architecture"
    cells = () if use else tuple(_extract_cells(contents))
    if not cells and not use:
        use = "no_valid_repetition"
    return RunFacts(
        run_id=contents.info.run_id,
        started_at=contents.info.started_at,
        host=digest_host(contents.machine),
        use=use,
        host_name=contents.machine.host_name,
        facts=_encode({field: text for field, text in describe_run(contents).items() if field != "machine.host_name"}),
        cells=cells,
        samples=samples.hexdigest(),
    )


def _extract_cells(contents: Contents) -> list[CellFacts]:
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    summaries = {summary.cell: summary for summary in contents.summary.cells}
    found = []
    for cell in contents.plan.cells:
        measurement, summary = measurements.get(cell.id), summaries.get(cell.id)
        logs = [log(seconds) for seconds in read_values(measurement, cell).values()]
        if measurement is None or summary is None or not logs:
            continue
        interval = summary.latency_s
        found.append(
            CellFacts(
                cell=_encode((cell.case, cell.layout)),
                facts=_encode(describe_cell(cell, measurement)),
                mean=sum(logs) / len(logs),
                variance=sample_variance(logs) if len(logs) > 1 else 0.0,
                repetitions=len(logs),
                latency_s=(interval.point, interval.low, interval.high),
            )
        )
    return found


def _encode(value: object) -> str:
    """Return a value as JSON; equal ones are one text, which is handed to another process once."""
    return sys.intern(encode_json_line(value).decode())


def is_settled(key: FileKey, now_ns: int) -> bool:
    """Return whether a file was last changed so long ago that a later change must show in its key.

    Kernels keep times of files to a tick of their clock, some file systems to two seconds.
    """
    return now_ns - key.changed_ns > 3_000_000_000
