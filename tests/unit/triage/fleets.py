"""Fleets of machines that scatter by half a percent, with an odd one where a test wants it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from bench.records.bundle import BUNDLE_SUFFIX, Contents
from bench.records.measurement import Measurement, Repetition
from bench.records.triage import MachineVerdict, Triage
from bench.triage.judge import Criteria, judge_fleet
from bench.triage.run import FleetRun, extract_run
from tests.unit.bundle.builder import seal_contents
from tests.unit.compare.qualification.units import edit, make_contents

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CRITERIA = Criteria(metric="latency_s", level=0.01, margin_ratio=0.10)
LATENCY_S = 0.01
FACTORS = np.exp(np.random.default_rng(20).normal(scale=0.005, size=200))
USUAL = f"sha256:{'1' * 64}"
ODD = f"sha256:{'2' * 64}"


@cache
def _measure(number: int, factor: float) -> Contents:
    return make_contents(LATENCY_S * float(FACTORS[number]) * factor, run=number)


def make_run(
    number: int, factor: float = 1.0, *, host: str | None = None, outputs: str | None = USUAL, **changes: object
) -> Contents:
    """A run of two cells on machine `n<number>`, `factor` times as slow as usual."""
    contents = _measure(number, factor)
    name = f"n{number:03d}" if host is None else host
    contents = edit(contents, "machine.host_name", name)
    contents = replace(contents, measurements=tuple(_state_outputs(item, outputs) for item in contents.measurements))
    for path, value in changes.items():
        contents = edit(contents, path.replace("__", "."), value)
    return contents


def make_fleet(count: int, **odd: Contents) -> list[Contents]:
    """Runs of machines `n000`, `n001` and so on; some are replaced, by the names of their machines."""
    return [odd.get(f"n{number:03d}", make_run(number)) for number in range(count)]


def _state_outputs(measurement: Measurement, outputs: str | None) -> Measurement:
    def state(repetition: Repetition) -> Repetition:
        instances = []
        for instance in repetition.instances:
            proof = instance.proof
            instances.append(
                instance if proof is None else replace(instance, proof=replace(proof, outputs_digest=outputs))
            )
        return replace(repetition, instances=tuple(instances))

    return replace(measurement, repetitions=tuple(map(state, measurement.repetitions)))


def extract(contents: Contents, metric: str = "latency_s") -> FleetRun:
    """What is kept of a run; its digest follows from its id."""
    return extract_run(contents, f"sha256:{contents.info.run_id[-8:] * 8}", metric)


def judge(fleet: Sequence[Contents], references: Sequence[Contents] = (), criteria: Criteria = CRITERIA) -> Triage:
    """The verdicts on a fleet."""
    return judge_fleet(
        [extract(contents, criteria.metric) for contents in fleet],
        [extract(contents, criteria.metric) for contents in references],
        (),
        criteria=criteria,
        now=NOW,
    )


def outcomes(triage: Triage) -> dict[str, str]:
    """The outcome of each machine, by name."""
    return {machine.name: machine.outcome for machine in triage.machines}


def find(triage: Triage, name: str) -> MachineVerdict:
    """The verdict on a machine."""
    return next(machine for machine in triage.machines if machine.name == name)


def keep(folder: Path, contents: Contents) -> Path:
    """Seal a run into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{contents.info.run_id}{BUNDLE_SUFFIX}"
    path.write_bytes(seal_contents(contents))
    return path
