"""Reasons of `bench.profiles` as sentences: which profile was chosen, and what its layouts leave out."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_PLACEMENT: Mapping[str, str] = MappingProxyType(
    {
        # Which profile. `…_by_flags`: the CPU's model is hidden or unknown.
        "most_specific": "the most specific that fits: {conditions}",
        "most_specific_by_flags": "the most specific that fits: {conditions} (inferred from CPU flags)",
        "named": "named by the user; it fits: {conditions}",
        "named_by_flags": "named by the user; it fits: {conditions} (inferred from CPU flags)",
        "forced": "forced by the user, though it does not fit",
        "condition_fails": "wants {condition} = {wanted}; this machine has {found}",
        "isa_flags_missing": "wants ISA flags that this CPU lacks: {missing}",
        "isa_flags_unknown": "wants ISA flags, and the flags of this CPU are unknown (not shown): {wanted}",
        "less_specific": "fits too, but {chosen} is more specific",
        "not_named": "fits too, but the user named {chosen}",
        # Which CPUs.
        "cpus_allowed": "this process may use CPUs {allowed}, of {online_count} online",
        "cpus_allowed_across_nodes": "this process may use CPUs {allowed}, of {online_count} online, on nodes {nodes}",
        "cpus_named_by_user": "only the CPUs named by --cpus are used",
        "siblings_named_by_user": "--cpus names SMT siblings: CPUs {cpus} share cores",
        "only_efficiency_cores_allowed": "hybrid CPU: only efficiency cores are allowed, and are used",
        "idle_efficiency_cores": "idle CPUs: {cpus} (efficiency cores; only performance cores are used)",
        "idle_without_core": "idle CPUs: {cpus} (the kernel shows no core for them)",
        "idle_other_nodes": "idle CPUs: {cpus} (latency uses one NUMA node: {used})",
        "idle_siblings": "idle SMT siblings: {cpus}",
        "idle_by_division": "idle CPUs: {cpus} ({total} usable {unit}s do not divide into {instances} instances)",
        "idle_by_threads_option": "idle CPUs: {cpus} (--threads {threads})",
        "siblings_of_others": "other processes may run on SMT siblings of used CPUs: {cpus}",
        # Which instances.
        "l3_unknown": "one instance per node: the kernel does not show which CPUs share an L3 cache",
        "fewer_cpus": "fewer usable {unit}s than {largest}: {groups} (by {fewer})",
        "spans_nodes": "instance {instance} spans nodes {nodes}",
        "options_not_applied": "not applied to {layout}: {options}",
        # What a CPU quota takes away.
        "quota_cuts_threads": "quota of {quota_cpus} CPUs: {threads} threads cut to {kept_threads}; idle CPUs: {cpus}",
        "quota_cuts_instances": "quota of {quota_cpus} CPUs: {instances} instances cut to {kept_instances}",
        "quota_uneven": "quota of {quota_cpus} CPUs: instances have {least} to {most} threads",
        "quota_below_one_thread": "quota of {quota_cpus} CPUs: less than the one thread that runs; it is throttled",
        # Which memory.
        "memory_elsewhere": "no usable memory on nodes {cpu_nodes}: memory comes from nodes {memory_nodes}",
        "memory_named_elsewhere": "--memory-nodes: CPUs on nodes {cpu_nodes} use memory of nodes {memory_nodes}",
        "memory_nodes_unknown": "memory is bound to no node: usable memory nodes are unknown",
        "memory_unbound": "memory is bound to no node: the kernel puts CPUs {cpus} on none",
        "memory_without_cpus": "unused memory of nodes without CPUs: nodes {nodes}",
    }
)
"""Code → sentence. CPUs and nodes come in the kernel's list format, one or many: the words around them fit both."""
