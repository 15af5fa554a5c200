"""The machine and its profile, as text."""

from bench.hardware.readings import ProcessLimits
from bench.records.calibration import Calibration
from bench.records.machine import Cpu, Machine
from bench.records.profile import Choice
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.units import format_bytes

_SHOWN_ISA = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8", "asimddp", "bf16", "i8mm", "sve", "sve2", "svebf16")  # fmt: skip
"""Extensions that decide which kernels oneDNN and torch use; a CPU has a hundred flags."""


def describe_machine(machine: Machine) -> str:
    """Return model, microarchitecture, counts, hypervisor and emulation in one line."""
    cpu, topology = machine.cpu, machine.topology
    name = cpu.model_name or cpu.vendor
    guest = f", guest of {machine.settings.hypervisor}" if machine.settings.hypervisor else ""
    emulated = ", EMULATED" if cpu.emulated else ""
    return (
        f"{name} ({cpu.microarchitecture}), {_count(topology.package_count, 'package')}, "
        f"{_count(topology.core_count, 'core')}, {_count(topology.cpu_count, 'CPU')}, "
        f"{_count(len(topology.nodes), 'NUMA node')}{guest}{emulated}"
    )


def render_machine(
    machine: Machine, choice: Choice | None, problem: str | None, process_limits: ProcessLimits
) -> PrintableText:
    """Return the machine on one screen: its facts, the chosen profile, and why each other profile was not chosen.

    Args:
        machine: The machine.
        choice: The chosen profile; None if no profile fits.
        problem: Why no profile fits; used only then.
        process_limits: Shown where there are some.
    """
    rows = list_facts(machine, process_limits)
    width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{width}}  {text}" for label, text in rows]
    lines.append("")
    if choice is None:
        lines.append(f"profile   none: {problem}")
    else:
        lines.append(describe_choice(choice))
        others = sorted((name, reason) for name, reason in choice.why_not.items() if name != choice.name)
        lines += [f"  not {name}: {describe_reason(reason)}" for name, reason in others]
    return join_lines(lines)


def list_facts(machine: Machine, process_limits: ProcessLimits | None = None) -> list[tuple[str, str]]:
    """Return the facts of a machine, each with its label, and what could not be read of it.

    Args:
        machine: The machine.
        process_limits: Listed where there are some; None if they are not known, as in a bundle.
    """
    cpu, topology, limits, settings = machine.cpu, machine.topology, machine.limits, machine.settings
    nodes = "; ".join(
        f"{node.id}: CPUs {node.cpus or 'none'}, "
        + ("memory unknown" if node.memory_bytes is None else format_bytes(node.memory_bytes))
        for node in topology.nodes
    )
    quota = "none" if limits.cpu_quota is None else f"{limits.cpu_quota:g} CPUs"
    firmware = machine.firmware
    rows = [
        ("CPU", describe_machine(machine)),
        ("identified by", _describe_identification(cpu)),
        ("ISA", _describe_isa(cpu)),
        ("NUMA nodes", nodes or "unavailable"),
        ("CPUs", f"online {topology.online_cpus}, allowed {topology.allowed_cpus}"),
        ("SMT", _on_or_off(topology.smt_active)),
        ("quota", f"{quota} (cgroup v{limits.cgroup_version})"),
        ("memory", _bytes(limits.total_memory_bytes) + f", limit {_bytes(limits.memory_bytes)}"),
        ("limits", _describe_limits(process_limits or ProcessLimits())),
        ("governor", f"{_or_unavailable(settings.governor)}, boost {_on_or_off(settings.boost)}"),
        (
            "huge pages",
            f"{_or_unavailable(settings.transparent_hugepages)}, NUMA balancing {_on_or_off(settings.numa_balancing)}",
        ),
        ("kernel", f"{_or_unavailable(settings.kernel)}, microcode {_or_unavailable(settings.microcode)}"),
        ("system", " ".join(filter(None, (firmware.system_vendor, firmware.product_name))) or "unavailable"),
        ("container", limits.container or "none detected"),
    ]
    missing = [("missing", describe_reason(reason)) for reason in machine.missing]
    return [(label, text) for label, text in rows if text] + missing


def _describe_identification(cpu: Cpu) -> str:
    """Return what the microarchitecture follows from, and the second opinion."""
    numbers = "implementer and part" if cpu.architecture == "aarch64" else "family and model"
    evidence = {
        "identified": numbers,
        "features": f"CPU flags, because {numbers} are hidden or not known to bench",
        "unknown": "nothing: neither its numbers nor its flags are known to bench",
    }[cpu.confidence]
    return evidence + (f"; archspec says {cpu.second_opinion}" if cpu.second_opinion else "")


def _describe_limits(limits: ProcessLimits) -> str:
    """Return the limits that are set; nothing if none is."""
    texts = (
        ("processes and threads", limits.threads, str),
        ("open files", limits.open_files, str),
        ("of address space", limits.address_space_bytes, format_bytes),
    )
    return ", ".join(f"{render(value)} {noun}" for noun, value, render in texts if value is not None)


def _describe_isa(cpu: Cpu) -> str:
    if not cpu.isa:
        return "unknown (no flags are shown)"
    shown = [flag for flag in _SHOWN_ISA if flag in cpu.isa]
    return f"{' '.join(shown) or 'no vector or matrix extension'} ({len(cpu.isa)} flags)"


def describe_choice(choice: Choice) -> str:
    """Describe the chosen profile with its reason; if it was forced, also why it does not fit."""
    misfit = choice.why_not.get(choice.name)
    but = "" if misfit is None else f": it {describe_reason(misfit)}"
    return f"profile {choice.name}: {describe_reason(choice.reason)}{but}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _on_or_off(value: bool | None) -> str:
    return "unavailable" if value is None else "on" if value else "off"


def _or_unavailable(value: str | None) -> str:
    return "unavailable" if value is None else value


def _bytes(count: int | None) -> str:
    return "none" if count is None else format_bytes(count)


def describe_calibration(calibration: Calibration) -> str:
    """Return in one line how far runs on this host lie apart, and how often verdicts were false alarms."""
    alarms = sum(cell.false_alarms for cell in calibration.cells)
    comparisons = sum(cell.comparisons for cell in calibration.cells)
    return (
        f"calibration of {calibration.measured_at}: over {len(calibration.runs)} runs, "
        f"{calibration.run_scatter_ratio:.2%} of scatter between runs, "
        f"{alarms} false alarms in {comparisons} comparisons of like with like"
    )
