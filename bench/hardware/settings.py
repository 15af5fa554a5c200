"""Settings of kernel, firmware and hypervisor that change the numbers."""

import re
from typing import Final

from bench.hardware.cpuinfo import CpuInfo
from bench.hardware.frequency import Frequencies
from bench.hardware.tree import Tree
from bench.records.cpulist import format_cpulist
from bench.records.machine import Settings
from bench.records.text import clean_line

_CPU: Final = "sys/devices/system/cpu"
_VERSION: Final = re.compile(r"Linux version (\S{1,100})")
_CHOSEN: Final = re.compile(r"\[([a-z0-9_+-]{1,30})\]", re.ASCII)


def read_settings(tree: Tree, cpuinfo: CpuInfo, frequencies: Frequencies, hypervisor: str | None) -> Settings:
    """Read the settings; one that the kernel does not show is None, without a note."""
    return Settings(
        kernel=_read_kernel(tree),
        microcode=clean_line(",".join(cpuinfo.values("microcode"))) or tree.line(f"{_CPU}/cpu0/microcode/version"),
        hypervisor=hypervisor,
        governor=",".join(frequencies.governors) or None,
        frequency_driver=",".join(frequencies.drivers) or None,
        boost=_read_boost(tree),
        max_frequency_hz=max(frequencies.max_khz.values()) * 1000 if frequencies.max_khz else None,
        smt_control=tree.line(f"{_CPU}/smt/control"),
        transparent_hugepages=_read_chosen(tree, "sys/kernel/mm/transparent_hugepage/enabled"),
        numa_balancing=_read_numa_balancing(tree),
        isolated_cpus=_read_cpus(tree, f"{_CPU}/isolated"),
        nohz_full_cpus=_read_cpus(tree, f"{_CPU}/nohz_full"),
        aslr=tree.integer("proc/sys/kernel/randomize_va_space"),
    )


def _read_kernel(tree: Tree) -> str | None:
    """Read the kernel's release, as `uname -r` prints it."""
    release = tree.line("proc/sys/kernel/osrelease")
    if release is not None:
        return release
    match = _VERSION.match(tree.line("proc/version") or "")
    return match[1] if match is not None else None


def _read_boost(tree: Tree) -> bool | None:
    """Read whether turbo or boost is allowed, from the driver's own switch: intel_pstate's is inverted."""
    no_turbo = tree.integer(f"{_CPU}/intel_pstate/no_turbo")
    if no_turbo is not None:
        return no_turbo == 0
    boost = tree.integer(f"{_CPU}/cpufreq/boost")
    return None if boost is None else boost != 0


def _read_numa_balancing(tree: Tree) -> bool | None:
    mode = tree.integer("proc/sys/kernel/numa_balancing")
    return None if mode is None else mode != 0


def _read_chosen(tree: Tree, path: str) -> str | None:
    """Read the word in brackets: `always [madvise] never`."""
    match = _CHOSEN.search(tree.line(path) or "")
    return match[1] if match is not None else None


def _read_cpus(tree: Tree, path: str) -> str | None:
    cpus = tree.cpulist(path)
    return None if cpus is None else format_cpulist(cpus)
