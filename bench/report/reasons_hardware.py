"""Reasons of `bench.hardware` as sentences: what of a machine could not be read, or contradicts itself."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_HARDWARE: Mapping[str, str] = MappingProxyType(
    {
        # Files. {problem} is an errno by name, `not_a_regular_file`, `too_large` or `outside_tree`.
        "unreadable": "{path}: cannot be read ({problem})",
        "not_a_size": "{path}: {text} is not a size like 32768K; ignored",
        "not_a_number": "{path}: {text} is not a number; ignored",
        "not_a_cpu_list": "{path}: {text} is not a CPU list like 0-3,8; ignored",
        "not_a_cpu_mask": "{path}: {text} is not a CPU mask like ff,00000003; ignored",
        "id_out_of_range": "{path}: number {id} is beyond any kernel's; ignored (out of range)",
        "recording_ignored": "not a valid statement of a recording; ignored ({problem})",
        # The CPU.
        "architecture_assumed": "no file shows the architecture; assumed is this host's, {architecture}",
        "cpuinfo_missing": "no /proc/cpuinfo: the CPU's model is unknown",
        "cpu_identities_differ": "CPUs differ in {field}: {found}",
        "isa_flags_not_shown": "/proc/cpuinfo shows no CPU flags: cpu.isa is empty",
        "isa_flags_differ": "CPUs differ in their flags: cpu.isa holds those that all have",
        "isa_flags_hidden": "{microarchitecture} has flags that firmware, kernel or hypervisor hides: {flags}",
        "microarchitecture_unknown": "neither the model nor CPU flags identify the microarchitecture",
        "software_cpu": "emulated: {model} is implemented in software",
        "foreign_kernel": "emulated: the user space is {user_space}, the kernel is {kernel} ({path})",
        "emulated_flags_not_shown": "the emulator shows no CPU flags to an {architecture} user space: cpu.isa is empty",
        "core_speeds_unknown": "cores are of several kinds, and no file shows which are the fast ones",
        # Topology.
        "online_list_incomplete": "the kernel lists CPUs {online} as online, and this process may use CPUs {usable} too",
        "no_allowed_cpu_online": "no allowed CPU is online: all online CPUs are taken",
        "cpus_without_topology": "online CPUs without topology, on no core: {cpus}",
        "package_assumed": "a CPU's package is not shown; assumed is package 0",
        "topology_assumed": "no topology is shown; assumed is one core of package 0 for each CPU",
        "topology_from_cpuinfo": "/sys shows no topology: cores and packages come from /proc/cpuinfo",
        # Memory and nodes.
        "total_memory_unknown": "/proc/meminfo shows no MemTotal: the machine's memory is unknown",
        "node_cpus_unknown": "CPUs of node {node} are not shown; assumed are none",
        "node_memory_unknown": "memory of node {node} is unknown",
        "cpus_on_two_nodes": "CPUs {cpus} are on node {node} and on a lower one; the lower is used",
        "cpus_on_no_node": "CPUs on no node: {cpus}",
        # Control groups.
        "quota_not_understood": "{path}: {quota_us} of {period_us} microseconds is not a CPU quota; ignored",
        "memory_limit_not_understood": "{path}: {text} is not a memory limit; ignored",
    }
)
"""Code → sentence. CPUs and nodes come in the kernel's list format, one or many: the words around them fit both."""
