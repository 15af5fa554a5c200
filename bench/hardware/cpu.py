"""The CPU's record: identity, feature flags and emulation joined."""

import os
from typing import Final

from bench.errors import MachineError
from bench.hardware.architecture import KernelEvidence
from bench.hardware.cpuinfo import CpuInfo
from bench.hardware.emulation import decode_hwcaps, find_foreign_kernel, find_software_cpu
from bench.hardware.identity import UNKNOWN, hidden_flags, identify, name_by_flags
from bench.hardware.process import Process
from bench.hardware.second_opinion import ask_archspec
from bench.hardware.tree import Tree
from bench.records.machine import Architecture, Cpu

_ARCHITECTURES: Final[dict[str, Architecture]] = {"x86_64": "x86_64", "aarch64": "aarch64"}


def choose_architecture(tree: Tree, process: Process) -> Architecture:
    """Return the user space's architecture; where nothing shows it, this host's is assumed.

    Raises:
        MachineError: it is neither of the two that can be measured.
    """
    name = process.architecture
    if name is None:
        name = os.uname().machine
        tree.note("architecture_assumed", architecture=name)
    if name not in _ARCHITECTURES:
        raise MachineError(f"the architecture is {name}; bench measures {' and '.join(_ARCHITECTURES)} only")
    return _ARCHITECTURES[name]


def read_cpu(
    tree: Tree, cpuinfo: CpuInfo, process: Process, architecture: Architecture, *, lead: int | None = None
) -> Cpu:
    """Identify the CPU.

    Args:
        tree: The machine.
        cpuinfo: Its `/proc/cpuinfo`.
        process: Its flags count if the kernel is of another architecture.
        architecture: Of the user space.
        lead: The logical CPU that a hybrid machine is named after; None if all are alike.
    """
    foreign = find_foreign_kernel(tree, architecture, cpuinfo)
    if foreign is not None:
        return _describe_emulated(tree, cpuinfo, process, architecture, foreign)
    for key in ("cpu family", "model", "stepping", "microcode"):
        if len(cpuinfo.values(key)) > 1:
            tree.note("cpu_identities_differ", field=key, found=" ".join(cpuinfo.values(key)))
    identity = identify(cpuinfo, architecture, lead=lead)
    isa = cpuinfo.isa or frozenset()
    software = find_software_cpu(cpuinfo)
    microarchitecture, confidence = identity.microarchitecture, identity.confidence
    if software is not None:
        tree.note("software_cpu", model=software)
        microarchitecture, confidence = name_by_flags(architecture, isa)
    if confidence == "identified" and isa and (hidden := hidden_flags(microarchitecture, isa)):
        tree.note("isa_flags_hidden", microarchitecture=microarchitecture, flags=" ".join(hidden))
    if microarchitecture == UNKNOWN:
        tree.note("microarchitecture_unknown")
    return Cpu(
        architecture=architecture,
        vendor=identity.vendor,
        model_name=identity.model_name,
        microarchitecture=microarchitecture,
        confidence=confidence,
        second_opinion=ask_archspec(cpuinfo, architecture, isa) if isa and software is None else None,
        isa=tuple(sorted(isa)),
        emulated=software is not None,
        family=identity.family,
        model=identity.model,
        stepping=identity.stepping,
        implementer=identity.implementer,
        part=identity.part,
        variant=identity.variant,
        revision=identity.revision,
    )


def _describe_emulated(
    tree: Tree, cpuinfo: CpuInfo, process: Process, architecture: Architecture, foreign: KernelEvidence
) -> Cpu:
    """Return a CPU that an emulator only pretends: its flags, and no microarchitecture."""
    kernel, path = foreign
    tree.note("foreign_kernel", user_space=architecture, kernel=kernel, path=path)
    isa = decode_hwcaps(process.hwcap, process.hwcap2) if architecture == "aarch64" else frozenset()
    if not isa:
        tree.note("emulated_flags_not_shown", architecture=architecture)
    return Cpu(
        architecture=architecture,
        vendor=UNKNOWN,
        model_name=cpuinfo.first("model name") or "",
        microarchitecture=UNKNOWN,
        confidence="unknown",
        isa=tuple(sorted(isa)),
        emulated=True,
    )
