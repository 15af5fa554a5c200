"""Checks that what is recorded can have happened: on this machine, by this plan, in bench's own loop.

A forgery has to be consistent. It also has to stay within physics, and within what the timed loop always does: the loop
goes on for the planned time, and leaves nothing out between its first and its last sample.

What is merely improbable is not refused here: an honest run on an odd host must not end without a table. A share above
the run's own peaks is such a case.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from statistics import median

from bench.bundle.cpus import contains
from bench.bundle.evidence import check_evidence
from bench.bundle.instructions import LOOP_FLAGS, check_kernels, find_lacking_flags
from bench.bundle.machine import check_machine
from bench.bundle.operators import check_operators, check_profiled_call
from bench.bundle.physics import (
    CACHE_LIMIT_BYTES_PER_S,
    MEMORY_LIMIT_BYTES_PER_S,
    PACKAGE_LIMIT_W,
    UNCOUNTED_LIMIT_RATIO,
    limit_cores,
    limit_instruction,
    limit_operations,
)
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import weights_key
from bench.records.cpulist import format_cpulist
from bench.records.machine import Cpu, Machine
from bench.records.measurement import InstanceResult, Measurement, Noise, Proof, Repetition
from bench.records.peak import Peak
from bench.records.plan import Cell, Policy
from bench.records.precision import PRECISION_FACTS
from bench.records.probe import Probe, ProbeResult
from bench.records.profile import Binding
from bench.stats.caches import choose_array_bytes, count_cache_bytes
from bench.stats.scenarios import find_scenario

STAGES_LIMIT_RATIO = 5.0
"""Stages are timed in a few steps of their own, which may be slower, or meet noise."""

MEMORY_LIMIT_RATIO = 2
"""A guest may be given more memory during a run; the record holds what it began with."""


def check_plausibility(contents: Contents) -> None:
    """Refuse measurements that are impossible.

    Raises:
        BundleError: what is recorded is impossible; says what is possible.
    """
    plan, machine = contents.plan, contents.machine
    cells = {cell.id: cell for cell in plan.cells}
    nodes = format_cpulist(node.id for node in machine.topology.nodes)
    for cell in plan.cells:
        _check_place(cell, machine.topology.allowed_cpus, nodes)
    layouts: dict[str, Sequence[Binding]] = {layout.name: layout.instances for layout in plan.layouts}
    for probe in contents.probes:
        _check_probe(probe, layouts, machine)
    _check_left_out(contents)
    used = [measurement for measurement in contents.measurements if measurement.failure is None]
    for measurement in used:
        _check_measurement(measurement, cells[measurement.cell], plan.policy, machine)
    _check_same([(cells[measurement.cell], measurement) for measurement in used])
    check_machine(machine)


def _check_place(cell: Cell, cpus: str, nodes: str) -> None:
    """Refuse a cell that is bound to CPUs or memory nodes which the run did not have."""
    for binding in cell.instances:
        if not contains(cpus, binding.cpus):
            raise BundleError(f"cell {cell.id} is bound to CPUs {binding.cpus}; the run had {cpus}")
        if not contains(nodes, binding.memory_nodes):
            raise BundleError(
                f"cell {cell.id} is bound to memory nodes {binding.memory_nodes}; the machine has {nodes}"
            )


def _check_probe(probe: Probe, layouts: Mapping[str, Sequence[Binding]], machine: Machine) -> None:
    bindings, where = layouts[probe.layout], f"a probe of layout {probe.layout!r}"
    if len(probe.instances) != len(bindings):
        raise BundleError(f"{where} has {len(probe.instances)} instances, the layout has {len(bindings)}")
    for result, binding in zip(probe.instances, bindings, strict=True):
        _check_arrays(result, binding, len(bindings), machine, where)
        cores = limit_cores(machine, binding.threads)
        most = limit_operations(machine.cpu, ["fp32"], cores)
        _check_rate(result.product_flops_per_s, most, f"{where}: fp32 product", "operations")
        for peak in result.peaks:
            _check_peak(peak, machine.cpu, cores, where)
        most = MEMORY_LIMIT_BYTES_PER_S * binding.threads
        for name, rate in (("triad", result.triad_bytes_per_s), ("read", result.read_bytes_per_s)):
            _check_rate(rate or 0.0, most, f"{where}: memory, {name}", "bytes")


def _check_peak(peak: Peak, cpu: Cpu, cores: int, where: str) -> None:
    """Refuse a peak that the CPU's units cannot reach, or of instructions that it does not have."""
    most = limit_operations(cpu, [peak.precision], cores)
    if peak.method == "instructions" and peak.name in LOOP_FLAGS:
        lacking = find_lacking_flags(peak.name, cpu.isa)
        if lacking and cpu.isa:
            raise BundleError(f"{where}: a peak of {peak.name} was measured, but the CPU lacks {' '.join(lacking)}")
        most = limit_instruction(peak.precision, LOOP_FLAGS[peak.name], cores)
    _check_rate(peak.operations_per_s, most, f"{where}: {peak.precision} {peak.name}", "operations")


def _check_arrays(result: ProbeResult, binding: Binding, instances: int, machine: Machine, where: str) -> None:
    """The arrays of a probe, and the caches that it counts, follow from the machine.

    Otherwise small arrays could stay in caches, or large caches could excuse a cell from memory's peak.
    """
    cache_bytes = count_cache_bytes(machine.topology, binding.cpus)
    array_bytes = choose_array_bytes(machine.topology, machine.limits, binding, instances)
    if (result.cache_bytes, result.array_bytes) != (cache_bytes, array_bytes):
        raise BundleError(
            f"{where} has arrays of {result.array_bytes} bytes over caches of {result.cache_bytes}; "
            f"this machine and layout give {array_bytes} over {cache_bytes}"
        )


def _check_rate(rate: float, limit: float, where: str, unit: str) -> None:
    if rate > limit:
        raise BundleError(
            f"{where}: {rate:.3g} {unit} a second; no CPU like this does more than {limit:.3g} with its threads"
        )


def _check_left_out(contents: Contents) -> None:
    """Refuse a cell without a measurement, unless a budget could have ended before it."""
    measured = {measurement.cell for measurement in contents.measurements}
    missing = [cell.id for cell in contents.plan.cells if cell.id not in measured]
    if missing and contents.plan.policy.budget_s is None:
        raise BundleError(
            f"cell {missing[0]} has no measurement, and the plan no budget that could have ended before it"
        )


def _check_measurement(measurement: Measurement, cell: Cell, policy: Policy, machine: Machine) -> None:
    count = len(measurement.repetitions)
    if not 1 <= count <= policy.attempts_max:
        raise BundleError(f"cell {cell.id} has {count} repetitions, the plan allows 1 to {policy.attempts_max}")
    if measurement.stopped == "failed":
        raise BundleError(f"cell {cell.id} stopped as failed, but has no failure")
    if measurement.stopped == "repetitions" and count < policy.repetitions_max:
        raise BundleError(f"cell {cell.id} stopped after its {policy.repetitions_max} repetitions, but has {count}")
    if measurement.repetitions[0].instances[0].proof is None:
        raise BundleError(f"cell {cell.id} has no proof of correctness in its first repetition")
    for repetition in measurement.repetitions:
        _check_repetition(repetition, cell, policy, machine)


def _check_repetition(repetition: Repetition, cell: Cell, policy: Policy, machine: Machine) -> None:
    where = f"cell {cell.id}, repetition {repetition.index}"
    scenario = find_scenario(cell.scenario)
    for instance in repetition.instances:
        problem = scenario.find_loop_problem(instance.samples, policy)
        # A pause between two samples leaves time out, too; such a repetition is void, and no number rests on it.
        if problem is not None and "paused" not in repetition.invalid:
            raise BundleError(f"{where}: {problem}")
        _check_instance(instance, cell, machine, where)
        problem = scenario.find_warm_up_problem(instance, policy)
        if problem is not None:
            raise BundleError(f"{where}: {problem}")
        # Stages are timed after the samples, when the noise that voided those may be gone.
        if not repetition.invalid:
            _check_stages(instance, where)
        profile = None if instance.proof is None else instance.proof.operators
        if profile is not None:
            check_operators(profile, cell, machine, policy, where)
            if not repetition.invalid:
                check_profiled_call(instance, profile, where)


def _check_instance(instance: InstanceResult, cell: Cell, machine: Machine, where: str) -> None:
    _check_memory(instance, machine, where)
    _check_noise(instance.noise, where)
    _check_energy(instance, machine, where)
    if instance.proof is not None:
        threads = limit_cores(machine, sum(binding.threads for binding in cell.instances))
        fastest_s = min(sample.elapsed_ns / sample.iterations for sample in instance.samples) / 1e9
        most = UNCOUNTED_LIMIT_RATIO * limit_operations(
            machine.cpu, PRECISION_FACTS[cell.case.precision].peaks, threads
        )
        _check_rate(instance.proof.flops / fastest_s, most, where, "operations")
        _check_rate(instance.proof.traffic_bytes / fastest_s, CACHE_LIMIT_BYTES_PER_S * threads, where, "bytes")
        _check_cosine(instance.proof, where)
        check_kernels(instance.proof, machine, where)
        check_evidence(cell.case, instance.proof.evidence, where)


def _check_memory(instance: InstanceResult, machine: Machine, where: str) -> None:
    if instance.peak_load_bytes > instance.peak_run_bytes:
        raise BundleError(
            f"{where}: its peak of memory fell from {instance.peak_load_bytes} to {instance.peak_run_bytes} bytes"
        )
    total_bytes = machine.limits.total_memory_bytes
    if total_bytes is not None and instance.peak_run_bytes > MEMORY_LIMIT_RATIO * total_bytes:
        raise BundleError(f"{where}: it held {instance.peak_run_bytes} bytes of memory, the machine has {total_bytes}")


_NOISE_LIMITS = {
    "steal_ratio": 1.0,
    "foreign_ratio": 1.0,
    "sibling_ratio": 1.0,
    "throttled_s": 1e9,
    "cpu_pressure_s": 1e9,
    "thermal_throttled_s": 1e9,
    "suspended_s": 1e9,
    "unaccounted_s": 1e9,
    "stalled_s": 1e9,
}
"""Each share and each time of a repetition's noise → the most that it can be."""


def _check_noise(noise: Noise, where: str) -> None:
    for field, most in _NOISE_LIMITS.items():
        value = getattr(noise, field)
        if value is not None and not 0 <= value <= most:
            raise BundleError(f"{where}: its {field} is {value}; it must lie between 0 and {most:g}")


def _check_energy(instance: InstanceResult, machine: Machine, where: str) -> None:
    """Refuse energy that the packages cannot have used between the first sample and the last, and a second beside."""
    energy_j = instance.readings.get("energy_per_item_j")
    if energy_j is None:
        return
    last = instance.samples[-1]
    timed_s = (last.start_ns + last.elapsed_ns - instance.samples[0].start_ns) / 1e9
    most_j = PACKAGE_LIMIT_W * max(1, machine.topology.package_count) * (timed_s + 1)
    if not 0 <= energy_j <= most_j:
        raise BundleError(f"{where}: the packages used {energy_j:g} J; it must lie between 0 and {most_j:g}")


def _check_stages(instance: InstanceResult, where: str) -> None:
    """Refuse stages of a step that take much more or less than a step."""
    if not instance.stages_ns:
        return
    step_ns = median(sample.elapsed_ns / sample.iterations for sample in instance.samples)
    stages_ns = sum(median(ns) for ns in instance.stages_ns.values())
    if not step_ns / STAGES_LIMIT_RATIO <= stages_ns <= step_ns * STAGES_LIMIT_RATIO:
        raise BundleError(f"{where}: the stages of a step take {stages_ns:.0f} ns, a step {step_ns:.0f} ns")


def _check_cosine(proof: Proof, where: str) -> None:
    correctness = proof.correctness
    if not (-1.000001 <= correctness.cosine_similarity <= 1.000001 and correctness.relative_error >= 0):
        raise BundleError(
            f"{where}: a cosine similarity of {correctness.cosine_similarity} and a relative error of "
            f"{correctness.relative_error} are impossible"
        )


def _check_same(measured: Sequence[tuple[Cell, Measurement]]) -> None:
    """Refuse cells of equal inputs that count different items, and cells of one model with different weights."""
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
            digest, first = weights.setdefault(weights_key(case), (instance.proof.weights_digest, cell.id))
            if digest != instance.proof.weights_digest:
                raise BundleError(
                    f"cell {cell.id} has the weights {instance.proof.weights_digest}, {first} of the same model {digest}"
                )


def _instances(measurement: Measurement) -> Iterator[InstanceResult]:
    return chain.from_iterable(repetition.instances for repetition in measurement.repetitions)
