"""Earlier runs of the same thing on the same host: what shows how far runs there lie apart."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.bundle.calibration import digest_host
from bench.compare.evidence import read_values
from bench.errors import BenchError
from bench.records.bundle import BUNDLE_SUFFIX, Contents
from bench.records.digest import Digest
from bench.records.plan import Cell
from bench.records.probe import Probe
from bench.records.profile import LayoutName
from bench.records.record import encode_json
from bench.records.variant import BASE
from bench.stats.run_scatter import REPETITIONS_MIN, RunMeans, average_repetitions
from bench.verification.verify import verify_bundle

BUNDLES_MAX = 50
"""Newest bundles of a folder that are read. More would say little: the degrees of freedom of ten runs already suffice."""

CellKey = tuple[bytes, LayoutName]


class EarlierRun(NamedTuple):
    """What is kept of a run, to learn from.

    Attributes:
        subject: Of what it is a run: host, software and plan.
        means: Of the cells that have enough repetitions.
    """

    run_id: str
    subject: Digest
    means: RunMeans
    probes: tuple[Probe, ...]


def identify_cell(cell: Cell) -> CellKey:
    """Return what cells of two runs have in common if they are the same: case and layout."""
    return encode_json(cell.case), cell.layout


def digest_subject(contents: Contents) -> Digest:
    """Return a digest of all that runs of the same thing have in common: host, packages, bench's source and cells."""
    environment = contents.environment
    subject = (
        digest_host(contents.machine),
        environment.implementation,
        environment.source_digest,
        environment.distributions,
        contents.plan.cells,
    )
    return f"sha256:{hashlib.sha256(encode_json(subject)).hexdigest()}"


def summarize_run(contents: Contents) -> EarlierRun:
    """Return what a run shows, to be compared with others of the same thing; of variants, what a shows."""
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    values = {
        identify_cell(cell): list(read_values(measurements.get(cell.id), cell).values())
        for cell in contents.plan.cells
        if cell.variant in {None, BASE}  # others may be of equal case and layout
    }
    return EarlierRun(
        run_id=contents.info.run_id,
        subject=digest_subject(contents),
        means={key: average_repetitions(seconds) for key, seconds in values.items() if len(seconds) >= REPETITIONS_MIN},
        probes=contents.probes,
    )


def read_history(folder: Path, compared: Sequence[Contents]) -> tuple[EarlierRun, ...]:
    """Read earlier runs of what is compared, from the newest bundles of a folder.

    A bundle that does not verify, is of another host, plan or software, is itself compared, or holds measurements that
    were seen already under another run id, is skipped: history makes verdicts sharper, and no verdict depends on it.

    Args:
        folder: Of bundles; one that does not exist holds none.
        compared: All runs that are compared.
    """
    subjects = {digest_subject(contents) for contents in compared}
    seen = {contents.info.run_id for contents in compared}
    means = [summarize_run(contents).means for contents in compared]
    found = []
    for run in _read_newest(folder):
        is_known = run.run_id in seen or (run.means and run.means in means)
        if run.subject in subjects and not is_known:
            seen.add(run.run_id)
            means.append(run.means)
            found.append(run)
    return tuple(found)


def _read_newest(folder: Path) -> Iterator[EarlierRun]:
    # The name of a bundle begins with the time of its run.
    paths = sorted(folder.glob(f"*{BUNDLE_SUFFIX}"), reverse=True)
    for path in paths[:BUNDLES_MAX]:
        try:
            contents = verify_bundle(path).contents
        except BenchError:
            continue
        if not contents.plan.variants:
            yield summarize_run(contents)
