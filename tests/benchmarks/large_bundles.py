"""Bundles that are made up, signed and of any size: `python -m tests.benchmarks.large_bundles FOLDER` for `verify.py`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.measurement import Measurement, Repetition
from bench.records.plan import Cell, Policy
from bench.records.probe import Probe
from bench.stats.cell_progress import assess_progress, possible_stops
from bench.stats.order import order_round
from bench.stats.summary import summarize
from tests.builders import (
    ORDER_SEED,
    POLICY,
    make_cell,
    make_instance,
    make_measurement,
    make_plan,
    make_probe,
    make_proof,
    make_repetition,
)
from tests.unit.bundle.builder import CONTENTS, seal_contents

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REPETITIONS = 5
SAMPLES = 200
SAMPLE_S = 0.05
REPETITION_S = 20
BYTES = 50_000_000
POLICY_OF_ALL = replace(POLICY, repetitions_min=5, repetitions_max=5, measure_s=1.05 * SAMPLES * SAMPLE_S)
"""Its time ends with the last sample of every repetition, however they scatter."""

MANY = 1000


def main(folder: Path) -> None:
    """Write the large bundle, and the many small ones."""
    per_cell = len(seal_contents(make_contents(list(map(make_cell, range(20)))))) // 20
    cells = BYTES // per_cell
    large = seal_contents(make_contents(list(map(make_cell, range(cells)))))
    (folder / "large.bench.tar").write_bytes(large)
    (folder / "many").mkdir()
    small = seal_contents(make_contents([make_cell()]))
    for number in range(MANY):
        (folder / "many" / f"{number:04d}.bench.tar").write_bytes(small)
    print(f"{len(large) / 1e6:.1f} MB: {cells} cells, {REPETITIONS} repetitions of {SAMPLES} samples each")
    print(f"{MANY} bundles of {len(small) / 1e3:.0f} kB")


def make_contents(cells: Sequence[Cell], samples: int = SAMPLES, seed: int = 7) -> Contents:
    """A run of some cells, round by round between two probes."""
    random = np.random.default_rng(seed)
    policy = replace(POLICY_OF_ALL, measure_s=1.05 * samples * SAMPLE_S)
    plan = make_plan(*cells, policy=policy)
    repetitions: dict[str, list[Repetition]] = {cell.id: [] for cell in plan.cells}
    place = 0
    for number in range(REPETITIONS):
        for cell in order_round(plan.cells, number, ORDER_SEED):
            place += 1
            repetitions[cell.id].append(make_one(number, place, samples, random))
    probes = (make_probe(sequence=0), replace(make_probe(sequence=place + 1), started_at=moment(place + 1)))
    measurements = tuple(stop(cell, policy, repetitions[cell.id], probes) for cell in plan.cells)
    info = replace(CONTENTS.info, finished_at=moment(place + 2))
    summary = summarize(plan, measurements, probes)
    return replace(CONTENTS, info=info, plan=plan, probes=probes, measurements=measurements, summary=summary, logs={})


def stop(cell: Cell, policy: Policy, repetitions: Sequence[Repetition], probes: Sequence[Probe]) -> Measurement:
    """A cell that ended as its repetitions say: some scatter by more than the plan's interval."""
    (reason,) = possible_stops(assess_progress(cell, policy, repetitions, probes), policy)
    return replace(make_measurement(cell, *repetitions), stopped=reason)


def make_one(number: int, place: int, samples: int, random: np.random.Generator) -> Repetition:
    """A repetition that scatters by 1%, of samples that scatter by as much."""
    seconds = SAMPLE_S * np.exp(random.normal(random.normal(0, 0.01), 0.01, samples))
    instance = make_instance(
        [round(float(value), 9) for value in seconds],
        start_ns=round(place * REPETITION_S * 1e9),
        proof=make_proof() if number == 0 else None,
    )
    return replace(make_repetition(number, instance, sequence=place), started_at=moment(place))


def moment(place: int) -> str:
    """When what has this place in the run began."""
    return f"{BEGAN + timedelta(seconds=place * REPETITION_S):%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
