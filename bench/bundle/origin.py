"""Whether the kernel measured a hardware field in the run, or firmware or a hypervisor merely states it.

That holds of an honest run. Whether there was one, the signer states. A signature cannot make a stated field true. In a
virtual machine the hypervisor chooses what CPUID, MIDR and the topology tables say, and the kernel repeats it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bench.records.machine import Machine

Origin = Literal["measured", "stated"]

ORIGINS: Mapping[str, Literal["measured", "stated", "stated in a guest"]] = MappingProxyType(
    {
        "cpu.architecture": "measured",
        "cpu.vendor": "stated in a guest",
        "cpu.model_name": "stated in a guest",
        "cpu.microarchitecture": "stated in a guest",
        "cpu.confidence": "measured",
        "cpu.second_opinion": "stated in a guest",
        "cpu.isa": "measured",
        "cpu.emulated": "measured",
        "cpu.family": "stated in a guest",
        "cpu.model": "stated in a guest",
        "cpu.stepping": "stated in a guest",
        "cpu.implementer": "stated in a guest",
        "cpu.part": "stated in a guest",
        "cpu.variant": "stated in a guest",
        "cpu.revision": "stated in a guest",
        "topology.package_count": "stated in a guest",
        "topology.core_count": "stated in a guest",
        "topology.cpu_count": "measured",
        "topology.online_cpus": "measured",
        "topology.allowed_cpus": "measured",
        "topology.allowed_memory_nodes": "measured",
        "topology.smt_active": "stated in a guest",
        "topology.nodes": "stated in a guest",
        "topology.cores": "stated in a guest",
        "topology.caches": "stated in a guest",
        "limits.cgroup_version": "measured",
        "limits.cpu_quota": "measured",
        "limits.memory_bytes": "measured",
        "limits.total_memory_bytes": "measured",
        "limits.container": "measured",
        "settings.kernel": "measured",
        "settings.microcode": "stated in a guest",
        "settings.hypervisor": "stated",
        "settings.governor": "stated in a guest",
        "settings.frequency_driver": "stated in a guest",
        "settings.boost": "stated in a guest",
        "settings.max_frequency_hz": "stated",
        "settings.smt_control": "stated in a guest",
        "settings.transparent_hugepages": "measured",
        "settings.numa_balancing": "measured",
        "settings.isolated_cpus": "measured",
        "settings.nohz_full_cpus": "measured",
        "settings.aslr": "measured",
        "firmware.system_vendor": "stated",
        "firmware.product_name": "stated",
        "firmware.board_vendor": "stated",
        "firmware.bios_version": "stated",
        "host_name": "stated",
    }
)
"""Every field of a machine but `missing`."""


def hardware_origins(machine: Machine) -> dict[str, Origin]:
    """Return field → origin on a machine."""
    in_guest: Origin = "measured" if machine.settings.hypervisor is None else "stated"
    return {field: in_guest if origin == "stated in a guest" else origin for field, origin in ORIGINS.items()}
