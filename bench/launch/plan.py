"""Make the plan, as a pure function: the cells, their bindings and their environment."""

import sys
from collections.abc import Mapping, Sequence

from bench.launch.environment import plan_environment
from bench.launch.isolation import module_argv
from bench.records.case import Case
from bench.records.machine import Machine
from bench.records.plan import Cell, Plan, PlanHeading, Policy, Refusal, ScenarioName, format_cell_id
from bench.records.profile import Choice, Layout
from bench.records.reason import Reason, UnsupportedError
from bench.records.source import Source
from bench.stats.caches import ARRAYS, choose_array_bytes
from bench.stats.scenarios import find_scenario

WORKER_ARGV = ("python", "-m", "bench.worker")
"""`python` in a plan means the interpreter that runs bench: its path differs from host to host."""

OVERHEAD_S = 1.5
"""Seconds of one repetition besides warm-up and timed part: its share of loading, building, first call. Like the three
below an estimate for the user, from the suites quick and smoke on 2 cores; no result depends on it."""

FIRST_S = 3.0
"""Seconds that a cell's first repetition takes longer: its library comes from the disk, its model is compiled."""

PROBE_S = 1.5
"""Seconds of one probe whose arrays are small."""

TOUCH_BYTES_PER_S = 0.5e9
"""Of one CPU of a guest that maps new memory: 0.3 to 1.7 GB/s were seen. The arrays of a probe are new each time."""

PEAKS_S = 5.0
"""Seconds that the first probe and the last take longer: they measure all peaks."""

REPETITIONS_PER_PROBE = 6
"""Repetitions between two probes: a drift of the host makes all of them invalid together. More where probes take long."""

PROBE_SHARE = 1 / 10
"""Of the time, for probes that take long."""

PROBE_EVERY_S = 120.0
"""Seconds between two probes at most, where repetitions are long: drift shows within minutes."""


def plan_run(
    heading: PlanHeading,
    *,
    cases: Sequence[Case],
    refused: Sequence[Refusal],
    units: Mapping[str, str],
    layouts: Sequence[Layout],
    variables: Mapping[str, str],
    choice: Choice,
    policy: Policy,
    machine: Machine,
    scenario: ScenarioName = "closed_loop",
    sources: tuple[Source, ...] = (),
) -> Plan:
    """Make the plan.

    Args:
        heading: Suite, and seed of the order of repetitions.
        cases: In the order of the results.
        refused: What was asked for and no machine supports.
        units: Workload → what its throughput counts.
        layouts: In the order of the results; every case runs in each.
        variables: The profile's, for every worker.
        choice: Why that profile.
        policy: How much to measure.
        machine: Cases that it cannot run are refused here.
        scenario: How load is applied to every cell.
        sources: Of workloads that the user brings.

    Raises:
        UsageError: no such scenario.
        UnsupportedError: no case is left; has the first reason.
    """
    find_scenario(scenario)
    supported: list[Case] = []
    unsupported: list[Refusal] = list(refused)
    for case in cases:
        reason = why_not_machine(case, machine)
        if reason is None:
            supported.append(case)
        else:
            unsupported.append(Refusal(case=case, reason=reason))
    if not supported:
        raise UnsupportedError(f"none of the {len(unsupported)} cases asked for can be run", [unsupported[0].reason])
    environment = plan_environment(variables)
    cells = tuple(
        Cell(
            id=format_cell_id(index, case, layout.name),
            case=case,
            layout=layout.name,
            unit=units[case.workload],
            instances=layout.instances,
            runtime=layout.runtime,
            environment=environment,
            scenario=scenario,
        )
        for index, (case, layout) in enumerate((case, layout) for case in supported for layout in layouts)
    )
    return Plan(
        suite=heading.suite,
        profile=choice,
        layouts=tuple(layouts),
        policy=policy,
        order_seed=heading.order_seed,
        cells=cells,
        refused=tuple(unsupported),
        argv=WORKER_ARGV,
        estimate_s=estimate_seconds(len(cells), policy, probe_s=estimate_probe_s(layouts, machine)),
        suite_digest=heading.suite_digest,
        sources=sources,
    )


def why_not_machine(case: Case, machine: Machine) -> Reason | None:
    """Return why this machine cannot run a case; None if it can.

    bf16 without bf16 instructions is slow and correct, so it is allowed: the instruction path in the
    bundle shows it. torch's own x86 kernels and oneDNN are built for AVX2.
    """
    if machine.cpu.architecture == "x86_64" and machine.cpu.isa and "avx2" not in machine.cpu.isa:
        return Reason(code="avx2_missing", values={"workload": case.workload, "cpu": machine.cpu.model_name})
    return None


def resolve_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a plan's command as it is started on this host: isolated, and with this bench."""
    python, _, module, *rest = argv
    return module_argv(sys.executable if python == WORKER_ARGV[0] else python, module, *rest)


def estimate_repetition_s(policy: Policy) -> float:
    """Estimate the seconds of one repetition, from start to end of its processes."""
    return OVERHEAD_S + policy.warmup_max_s / 2 + policy.measure_s


def estimate_probe_s(layouts: Sequence[Layout], machine: Machine) -> float:
    """Estimate the seconds of one probe of all layouts: arrays of several times the caches are new memory each time."""
    return sum(PROBE_S + _estimate_touch_s(layout, machine) for layout in layouts)


def _estimate_touch_s(layout: Layout, machine: Machine) -> float:
    instances = len(layout.instances)
    return max(
        ARRAYS
        * choose_array_bytes(machine.topology, machine.limits, binding, instances)
        / (TOUCH_BYTES_PER_S * binding.threads)
        for binding in layout.instances
    )


def probe_pause_s(probe_s: float) -> float:
    """Return the least seconds between two probes that take so long."""
    return probe_s * (1 / PROBE_SHARE - 1)


def probe_interval_s(repetition_s: float, probe_s: float) -> float:
    """Return the seconds of repetitions between two probes.

    Args:
        repetition_s: Seconds of one repetition.
        probe_s: Seconds of one probe.
    """
    return min(PROBE_EVERY_S, max(REPETITIONS_PER_PROBE * repetition_s, probe_pause_s(probe_s)))


def estimate_seconds(cells: int, policy: Policy, repetition_s: float | None = None, *, probe_s: float) -> float:
    """Estimate the seconds of the least repetitions of so many cells, with probes.

    Args:
        cells: Of the plan.
        policy: The same.
        repetition_s: Seconds of one repetition where some were timed; None for an estimate by the policy alone.
        probe_s: Seconds of one probe.
    """
    repetition_s = estimate_repetition_s(policy) if repetition_s is None else repetition_s
    measuring_s = cells * policy.repetitions_min * repetition_s
    probing_s = probe_s * (2 + measuring_s // probe_interval_s(repetition_s, probe_s)) + 2 * PEAKS_S
    return round(measuring_s + cells * FIRST_S + probing_s, 1)
