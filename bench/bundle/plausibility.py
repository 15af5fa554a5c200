"""Whether what is recorded can have happened at all: on this machine, by this plan, in bench's own loop.

Forged records must be consistent. They must also stay within physics, and within what the timed loop always does: it
goes on for the planned time, and leaves nothing out between its first and its last sample.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from statistics import median

from bench.bundle.cpus import contains
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.cpulist import format_cpulist
from bench.records.machine import Machine
from bench.records.measurement import InstanceResult, Measurement, Noise, Probe, Proof, Repetition
from bench.records.plan import Cell, Policy
from bench.records.profile import Binding
from bench.records.summary import CellSummary
from bench.stats.scenarios import find_scenario

FLOPS_LIMIT_PER_S = 1e14
"""Of one thread: three times what AMX reaches in int8 at 5 GHz, the fastest unit that a core has today."""

BANDWIDTH_LIMIT_BYTES_PER_S = 1e12
"""Of one thread, to memory: several times what a core of any CPU can have in flight."""

ROOFLINE_LIMITS = {"compute": 10.0, "memory": 100.0}
"""Above 1 a cell may be honest: Winograd's convolutions need 2.25 times fewer operations than are counted, and data
that stay in the first cache move some 60 times faster than memory. Beyond these it cannot."""

STAGES_LIMIT_RATIO = 5.0
"""Parts of a step are timed in a few steps of their own, which may be slower, or disturbed."""

MEMORY_LIMIT_RATIO = 2
"""A guest may be given more memory while it works; what is recorded is what it began with."""


def check_plausibility(contents: Contents) -> None:
    """Refuse measurements that cannot have been made.

    Raises:
        BundleError: says what was stated, and what is possible.
    """
    plan, machine = contents.plan, contents.machine
    cells = {cell.id: cell for cell in plan.cells}
    nodes = format_cpulist(node.id for node in machine.topology.nodes)
    for cell in plan.cells:
        _check_place(cell, machine.topology.allowed_cpus, nodes)
    layouts: dict[str, Sequence[Binding]] = {layout.name: layout.instances for layout in plan.layouts}
    for probe in contents.probes:
        _check_probe(probe, layouts)
    _check_left_out(contents)
    used = [measurement for measurement in contents.measurements if measurement.failure is None]
    for measurement in used:
        _check_measurement(measurement, cells[measurement.cell], plan.policy, machine)
    _check_same([(cells[measurement.cell], measurement) for measurement in used])
    for summary in contents.summary.cells:
        _check_roofline(summary)


def _check_place(cell: Cell, cpus: str, nodes: str) -> None:
    """A plan binds to what the machine has."""
    for binding in cell.instances:
        if not contains(cpus, binding.cpus):
            raise BundleError(f"cell {cell.id} is bound to CPUs {binding.cpus}; the run had {cpus}")
        if not contains(nodes, binding.memory_nodes):
            raise BundleError(
                f"cell {cell.id} is bound to memory nodes {binding.memory_nodes}; the machine has {nodes}"
            )


def _check_probe(probe: Probe, layouts: Mapping[str, Sequence[Binding]]) -> None:
    bindings, where = layouts[probe.layout], f"a probe of layout {probe.layout!r}"
    if len(probe.instances) != len(bindings):
        raise BundleError(f"{where} has {len(probe.instances)} instances, the layout has {len(bindings)}")
    for result, binding in zip(probe.instances, bindings, strict=True):
        for precision, rate in result.flops_per_s.items():
            _check_rate(rate, FLOPS_LIMIT_PER_S * binding.threads, f"{where}: {precision}", "operations")
        most = BANDWIDTH_LIMIT_BYTES_PER_S * binding.threads
        _check_rate(result.bandwidth_bytes_per_s, most, f"{where}: memory", "bytes")


def _check_rate(rate: float, limit: float, where: str, unit: str) -> None:
    if rate > limit:
        raise BundleError(f"{where}: {rate:.3g} {unit} a second; no CPU does more than {limit:.3g} with its threads")


def _check_left_out(contents: Contents) -> None:
    """Only a budget leaves cells without a measurement."""
    measured = {measurement.cell for measurement in contents.measurements}
    missing = [cell.id for cell in contents.plan.cells if cell.id not in measured]
    if missing and contents.plan.policy.budget_s is None:
        raise BundleError(
            f"cell {missing[0]} has no measurement, and the plan no budget that could have ended before it"
        )


def _check_measurement(measurement: Measurement, cell: Cell, policy: Policy, machine: Machine) -> None:
    made = len(measurement.repetitions)
    if not 1 <= made <= policy.attempts_max:
        raise BundleError(f"cell {cell.id} has {made} repetitions, the plan allows 1 to {policy.attempts_max}")
    if measurement.stopped == "failed":
        raise BundleError(f"cell {cell.id} is said to have stopped as failed, but has no failure")
    if measurement.stopped == "repetitions" and made < policy.repetitions_max:
        raise BundleError(
            f"cell {cell.id} is said to have used up its {policy.repetitions_max} repetitions, but has {made}"
        )
    if measurement.repetitions[0].instances[0].proof is None:
        raise BundleError(f"cell {cell.id} has no proof of correctness in its first repetition")
    for repetition in measurement.repetitions:
        _check_repetition(repetition, cell, policy, machine)


def _check_repetition(repetition: Repetition, cell: Cell, policy: Policy, machine: Machine) -> None:
    where = f"cell {cell.id}, repetition {repetition.index}"
    for instance in repetition.instances:
        problem = find_scenario(cell.scenario).find_loop_problem(instance.samples, policy)
        # A pause between two samples leaves time out, too; such a repetition is void, and no number rests on it.
        if problem is not None and "paused" not in repetition.invalid:
            raise BundleError(f"{where}: {problem}")
        _check_instance(instance, cell, machine, where)
        # Stages are timed after the samples, when the noise that voided those may be gone.
        if not repetition.invalid:
            _check_stages(instance, where)


def _check_instance(instance: InstanceResult, cell: Cell, machine: Machine, where: str) -> None:
    _check_memory(instance, machine, where)
    _check_noise(instance.noise, where)
    if instance.proof is not None:
        threads = sum(binding.threads for binding in cell.instances)
        fastest_ns = min(sample.elapsed_ns / sample.iterations for sample in instance.samples)
        _check_rate(instance.proof.flops * 1e9 / fastest_ns, FLOPS_LIMIT_PER_S * threads, where, "operations")
        _check_cosine(instance.proof, where)


def _check_memory(instance: InstanceResult, machine: Machine, where: str) -> None:
    if instance.peak_load_bytes > instance.peak_run_bytes:
        raise BundleError(
            f"{where}: its peak of memory fell from {instance.peak_load_bytes} to {instance.peak_run_bytes} bytes"
        )
    there = machine.limits.total_memory_bytes
    if there is not None and instance.peak_run_bytes > MEMORY_LIMIT_RATIO * there:
        raise BundleError(f"{where}: it held {instance.peak_run_bytes} bytes of memory, the machine has {there}")


def _check_noise(noise: Noise, where: str) -> None:
    shares = ((field, 1.0) for field in ("steal_ratio", "foreign_ratio", "sibling_ratio"))
    seconds = ("throttled_s", "cpu_pressure_s", "thermal_throttled_s", "suspended_s", "unaccounted_s", "stalled_s")
    for field, most in chain(shares, ((field, 1e9) for field in seconds)):
        value = getattr(noise, field)
        if value is not None and not 0 <= value <= most:
            raise BundleError(f"{where}: its {field} is {value}; it must lie between 0 and {most:g}")


def _check_stages(instance: InstanceResult, where: str) -> None:
    """Refuse stages of a step that take much more or less than a step."""
    if not instance.stages_ns:
        return
    step_ns = median(sample.elapsed_ns / sample.iterations for sample in instance.samples)
    stages_ns = sum(median(ns) for ns in instance.stages_ns.values())
    if not step_ns / STAGES_LIMIT_RATIO <= stages_ns <= step_ns * STAGES_LIMIT_RATIO:
        raise BundleError(f"{where}: the parts of a step take {stages_ns:.0f} ns, the whole step {step_ns:.0f} ns")


def _check_cosine(proof: Proof, where: str) -> None:
    shown = proof.correctness
    if not (-1.000001 <= shown.cosine_similarity <= 1.000001 and shown.relative_error >= 0):
        raise BundleError(
            f"{where}: a cosine similarity of {shown.cosine_similarity} and a relative error of {shown.relative_error} "
            "are impossible"
        )


def _check_same(measured: Sequence[tuple[Cell, Measurement]]) -> None:
    """Cells of equal inputs count equal items, and cells of equal models have equal weights."""
    items: dict[object, tuple[int, str]] = {}
    weights: dict[object, tuple[str, str]] = {}
    for cell, measurement in measured:
        case, shape = cell.case, tuple(sorted(cell.case.shape.items()))
        inputs = (case.workload, case.mode, case.phase, shape, case.batch_size)
        for instance in _instances(measurement):
            if cell.unit == "images" and instance.items_per_iteration != case.batch_size:
                raise BundleError(
                    f"cell {cell.id} counts {instance.items_per_iteration} images an iteration, its batch holds "
                    f"{case.batch_size}"
                )
            count, first = items.setdefault(inputs, (instance.items_per_iteration, cell.id))
            if count != instance.items_per_iteration:
                raise BundleError(
                    f"cell {cell.id} counts {instance.items_per_iteration} {cell.unit} an iteration, {first} {count}"
                )
            if instance.proof is None:
                continue
            digest, first = weights.setdefault(
                (case.workload, case.mode, shape), (instance.proof.weights_digest, cell.id)
            )
            if digest != instance.proof.weights_digest:
                raise BundleError(
                    f"cell {cell.id} has the weights {instance.proof.weights_digest}, {first} of the same model {digest}"
                )


def _check_roofline(summary: CellSummary) -> None:
    if summary.roofline_ratio is None or summary.bound_by is None:
        return
    limit = ROOFLINE_LIMITS.get(summary.bound_by, 1.0)
    if summary.roofline_ratio > limit:
        raise BundleError(
            f"cell {summary.cell} reached {summary.roofline_ratio:.1f} times its {summary.bound_by} ceiling; "
            f"more than {limit:g} is impossible"
        )


def _instances(measurement: Measurement) -> Iterator[InstanceResult]:
    return chain.from_iterable(repetition.instances for repetition in measurement.repetitions)
