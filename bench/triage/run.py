"""What is kept of a bundle, so that ten thousand of them fit into memory."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.bundle.signers import Requirements
from bench.compare.qualification.reading import label_cells
from bench.errors import BenchError, BundleError
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.measurement import Measurement
from bench.records.plan import Cell
from bench.records.qualification import BundleName
from bench.records.record import Record, encode_json
from bench.records.triage import UnreadBundle
from bench.stats.metrics import METRICS, repetition_values
from bench.stats.odd_machines import Value
from bench.stats.run_scatter import REPETITIONS_MIN, average_repetitions
from bench.verification.verify import verify_bundle

HOST_NAME_MAX = 255
"""Of a host's name, as POSIX has it; Linux names have 64 characters at most."""

TEXT_MAX = 1000
"""Of a cell's name, or of a setting."""

ABSENT = "(none)"
"""Shown for what the kernel does not show, or a bundle hides."""


class CellOfRun(Record, frozen=True, kw_only=True):
    """A cell of a run.

    Attributes:
        log, variance: As of `bench.stats.odd_machines.Value`; None if the cell has too few valid repetitions.
        repetitions: Valid ones.
        outputs: Digest of the outputs, and of the instruction path that made them; None if not recorded.
    """

    log: float | None = None
    variance: float | None = None
    repetitions: int = 0
    outputs: tuple[Digest, Digest] | None = None

    @property
    def value(self) -> Value | None:
        """The number of the cell."""
        return None if self.log is None or self.variance is None else Value(self.log, self.variance)


class FleetRun(Record, frozen=True, kw_only=True):
    """A run of one machine of a fleet.

    Attributes:
        host_name: Empty if the bundle does not tell it.
        started_at, finished_at: Between which the machine did nothing else, as bench holds a lock.
        facts: What machines of one class have in common.
        memory_bytes: Of the machine; 0 if unknown. Kernels reserve some megabytes more or less.
        settings: What machines of one class should have in common: field → value.
        emulated: Nothing that it measured counts.
        cells: By label.
        samples: Digest of all samples: the same measurements have it, under whatever run they were sealed;
            None if nothing was measured.
    """

    name: BundleName
    host_name: str
    started_at: str
    finished_at: str
    facts: dict[str, str]
    memory_bytes: int
    settings: dict[str, str]
    emulated: bool
    cells: dict[str, CellOfRun]
    samples: Digest | None


def read_run(path: Path, requirements: Requirements, metric: str) -> FleetRun | UnreadBundle:
    """Verify a bundle, and return what is kept of it; or why it does not verify.

    Args:
        path: Of the bundle.
        requirements: Keys that must have signed it.
        metric: A row of `bench.stats.metrics`.
    """
    try:
        verification = verify_bundle(path, requirements)
        return extract_run(verification.contents, verification.content_digest, metric)
    except BenchError as error:
        return UnreadBundle(path=str(path), error=str(error))


def extract_run(contents: Contents, digest: Digest, metric: str) -> FleetRun:
    """Return what is kept of a verified bundle.

    Args:
        contents: Of the bundle.
        digest: Of its content.
        metric: A row of `bench.stats.metrics`.

    Raises:
        BundleError: two cells have the same label, or a text is longer than a triage names.
    """
    cells = label_cells(contents)
    facts, settings = dict(_collect_facts(contents, cells)), dict(_collect_settings(contents))
    _check_lengths(contents, [*cells, *facts.values(), *filter(None, settings.values())])
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    noisy = {summary.cell for summary in contents.summary.cells if "noisy_host" in summary.marks}
    return FleetRun(
        name=BundleName(run_id=contents.info.run_id, digest=digest),
        host_name=contents.machine.host_name,
        started_at=contents.info.started_at,
        finished_at=contents.info.finished_at,
        facts=facts,
        memory_bytes=contents.machine.limits.total_memory_bytes or 0,
        settings={field: value or ABSENT for field, value in settings.items()},
        emulated=contents.machine.cpu.emulated,
        cells={
            label: _read_cell(cell, measurements.get(cell.id), metric, noisy=cell.id in noisy)
            for label, cell in cells.items()
        },
        samples=_digest_samples(contents),
    )


def _check_lengths(contents: Contents, texts: Iterable[str]) -> None:
    """Refuse what is so long that the verdicts on all other machines could not be sealed with it."""
    longest = max(texts, key=len, default="")
    for text, limit in ((contents.machine.host_name, HOST_NAME_MAX), (longest, TEXT_MAX)):
        if len(text) > limit:
            raise BundleError(
                f"run {contents.info.run_id}: {text:.40}… has {len(text)} characters; a triage names {limit}"
            )


def _read_cell(cell: Cell, measurement: Measurement | None, metric: str, *, noisy: bool) -> CellOfRun:
    if measurement is None or measurement.failure is not None:
        return CellOfRun()
    outputs = _read_outputs(measurement)
    values = [] if noisy else list(repetition_values(measurement, cell, metric).values())
    if len(values) < REPETITIONS_MIN or min(values) <= 0:
        return CellOfRun(repetitions=len(values), outputs=outputs)
    found = average_repetitions(values)
    turned = found.mean if METRICS[metric].better == "less" else -found.mean
    return CellOfRun(log=turned, variance=found.variance, repetitions=len(values), outputs=outputs)


def _read_outputs(measurement: Measurement) -> tuple[Digest, Digest] | None:
    """Return the digests of the outputs that the first proof states, and of the kernels that oneDNN reports there."""
    for repetition in measurement.repetitions:
        for instance in repetition.instances:
            proof = instance.proof
            if proof is not None and proof.outputs_digest is not None:
                return proof.outputs_digest, _digest(sorted(proof.primitives))
    return None


def _collect_facts(contents: Contents, cells: dict[str, Cell]) -> Iterator[tuple[str, str]]:
    """Yield what must be equal, as words that a reader can compare."""
    machine, environment = contents.machine, contents.environment
    yield "cpu", f"{machine.cpu.vendor} {machine.cpu.model_name or machine.cpu.microarchitecture}"
    yield "packages", str(machine.topology.package_count)
    yield "cores", str(machine.topology.core_count)
    yield "hypervisor", machine.settings.hypervisor or ABSENT
    yield "cpu_quota", str(machine.limits.cpu_quota or ABSENT)
    yield "kernel_series", ".".join((machine.settings.kernel or ABSENT).split(".")[:2])
    yield "profile", contents.plan.profile.name
    yield "bench", f"{contents.info.bench_version} {environment.source_digest or ABSENT}"
    yield "packages_digest", _digest(environment.distributions)
    yield "image", _digest(sorted(contents.image.labels.items())) if contents.image.inside else ABSENT
    bindings = [(label, [binding.threads for binding in cell.instances]) for label, cell in sorted(cells.items())]
    yield "cells", _digest((bindings, contents.plan.policy))


def _collect_settings(contents: Contents) -> Iterator[tuple[str, str | None]]:
    """Yield what should be equal."""
    machine = contents.machine
    for field in type(machine.settings).__struct_fields__:
        if field != "hypervisor":  # of the class
            yield f"machine.settings.{field}", _describe(getattr(machine.settings, field))
    for field in ("bios_version", "product_name"):
        shown = None if f"firmware.{field}" in contents.hidden else getattr(machine.firmware, field)
        yield f"machine.firmware.{field}", _describe(shown)
    yield "machine.cpu.stepping", _describe(machine.cpu.stepping)
    yield "machine.cpu.isa", _digest(machine.cpu.isa)
    yield "machine.topology.cpu_count", str(machine.topology.cpu_count)
    yield "machine.topology.smt_active", _describe(machine.topology.smt_active)
    sizes = Counter(f"{(node.memory_bytes or 0) / (1 << 30):.0f} GiB" for node in machine.topology.nodes)
    yield "machine.topology.nodes", ", ".join(f"{count}×{size}" for size, count in sorted(sizes.items()))


def _describe(value: object) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "on" if value else "off"
        case _:
            return str(value)


def _digest_samples(contents: Contents) -> Digest | None:
    samples = sorted(
        (sample.iterations, sample.elapsed_ns)
        for measurement in contents.measurements
        for repetition in measurement.repetitions
        for instance in repetition.instances
        for sample in instance.samples
    )
    return _digest(samples) if samples else None


def _digest(value: object) -> Digest:
    return f"sha256:{hashlib.sha256(encode_json(value)).hexdigest()}"
