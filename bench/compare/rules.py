"""Which differences between two runs matter, and why: one table."""

from typing import NamedTuple

from bench.records.verdict import Severity


class Rule(NamedTuple):
    """What a difference in one field weighs.

    Attributes:
        field: Its place: in the bundle's contents, or for a cell's rule in what `cell_facts` gathers.
        compare: Where a change is looked for.
        reproduce: Where nothing may have changed.
        reason: Why it matters, or why not.
    """

    field: str
    compare: Severity
    reproduce: Severity
    reason: str


RUN_RULES: tuple[Rule, ...] = (
    Rule("machine.cpu.architecture", "refuse", "refuse", "other instructions: the ratio would be one of machines"),
    Rule("machine.cpu.vendor", "refuse", "refuse", "another CPU: the ratio would be one of machines"),
    Rule("machine.cpu.microarchitecture", "refuse", "refuse", "another CPU: the ratio would be one of machines"),
    Rule("machine.cpu.model_name", "refuse", "refuse", "parts of one kind differ in clock, caches and memory channels"),
    Rule("machine.cpu.stepping", "warn", "warn", "steppings differ in errata and their mitigations"),
    Rule("machine.cpu.variant", "warn", "warn", "revisions differ in errata and their mitigations"),
    Rule("machine.cpu.isa", "warn", "refuse", "kernels are chosen by these flags"),
    Rule("machine.topology.package_count", "warn", "refuse", "memory bandwidth goes with packages"),
    Rule("machine.topology.core_count", "warn", "refuse", "a guest of another size has other neighbours and caches"),
    Rule("machine.topology.smt_active", "warn", "refuse", "a sibling takes part of its core"),
    Rule("machine.topology.allowed_cpus", "warn", "warn", "other cores of one machine may differ; threads are compared cell by cell"),
    Rule("machine.limits.cpu_quota", "refuse", "refuse", "a quota stops all threads for a part of each period"),
    Rule("machine.limits.memory_bytes", "note", "warn", "matters only to a cell that comes near it"),
    Rule("machine.limits.total_memory_bytes", "note", "warn", "other memory modules may be of another speed"),
    Rule("machine.settings.hypervisor", "warn", "refuse", "a guest shares its machine"),
    Rule("machine.settings.kernel", "warn", "warn", "scheduler, page handling and mitigations differ"),
    Rule("machine.settings.microcode", "warn", "warn", "mitigations cost time"),
    Rule("machine.settings.governor", "warn", "warn", "the clock's frequency differs"),
    Rule("machine.settings.frequency_driver", "warn", "warn", "the clock's frequency differs"),
    Rule("machine.settings.boost", "warn", "refuse", "the clock's frequency differs"),
    Rule("machine.settings.max_frequency_hz", "warn", "warn", "the clock's frequency differs"),
    Rule("machine.settings.smt_control", "warn", "warn", "a sibling takes part of its core"),
    Rule("machine.settings.transparent_hugepages", "warn", "warn", "page size moves what is bound by memory"),
    Rule("machine.settings.numa_balancing", "warn", "warn", "pages move while they are used"),
    Rule("machine.settings.isolated_cpus", "warn", "warn", "other tasks are kept off some CPUs"),
    Rule("machine.settings.nohz_full_cpus", "note", "note", "ticks cost well below a thousandth"),
    Rule("machine.settings.aslr", "note", "note", "each repetition has a memory layout of its own either way"),
    Rule("machine.firmware.product_name", "warn", "warn", "another kind of server or of guest"),
    Rule("machine.firmware.bios_version", "warn", "warn", "firmware sets power limits and memory timing"),
    Rule("machine.host_name", "note", "note", "another host of one kind, or another container"),
    Rule("environment.implementation", "warn", "refuse", "the interpreter runs between kernels"),
    Rule("environment.source_digest", "warn", "warn", "bench itself differs: its workloads and its way of measuring may"),
    Rule("environment.lock_digest", "note", "note", "what is installed is compared package by package"),
    Rule("environment.distributions", "note", "refuse", "other packages: perhaps the very thing that is compared"),
    Rule("environment.variables", "warn", "warn", "workers inherit few variables; those that they get are compared cell by cell"),
    Rule("image.inside", "warn", "warn", "an image has its own C library and allocator"),
    Rule("image.labels", "note", "note", "what an image holds is compared package by package"),
    Rule("plan.profile.name", "note", "warn", "what a profile decides is compared cell by cell"),
    Rule("plan.policy.measure_s", "warn", "refuse", "longer timed parts are warmer, and see more of the host"),
    Rule("plan.policy.warmup_max_s", "warn", "refuse", "a warm-up cut short leaves samples that are not steady"),
    Rule("plan.policy.sample_s", "warn", "refuse", "the median of longer samples sees other things than that of shorter ones"),
    Rule("plan.policy.samples_min", "note", "warn", "the median of more samples is steadier, and no other"),
)  # fmt: skip
"""Fields of `Contents`."""

CELL_RULES: tuple[Rule, ...] = (
    Rule("weights_digest", "refuse", "refuse", "another model"),
    Rule("inputs_digest", "refuse", "refuse", "other inputs"),
    Rule("items_per_iteration", "refuse", "refuse", "each call does other work"),
    Rule("threads", "warn", "refuse", "other threads: perhaps the very thing that is compared"),
    Rule("cpus", "note", "warn", "other cores of one machine may differ"),
    Rule("memory_nodes", "warn", "warn", "memory of another node is farther away"),
    Rule("openmp", "warn", "refuse", "another OpenMP runtime: perhaps the very thing that is compared"),
    Rule("allocator", "warn", "refuse", "another allocator: perhaps the very thing that is compared"),
    Rule("environment", "warn", "refuse", "other variables for the workers: perhaps the very thing that is compared"),
    Rule("primitives", "note", "warn", "oneDNN took other kernels, which may be why the cell differs"),
    Rule("flush_denormals", "refuse", "refuse", "a denormal number costs up to a hundred times a normal one"),
    Rule("inherited.scheduling_policy", "refuse", "refuse", "another class of the scheduler gets other shares of a CPU"),
    Rule("inherited.scheduling_priority", "refuse", "refuse", "a real-time priority keeps other tasks off a CPU"),
    Rule("inherited.nice", "warn", "refuse", "a nicer process yields to others"),
    Rule("inherited.autogroup_nice", "warn", "refuse", "a nicer session yields to others"),
    Rule("inherited.slice_ns", "note", "warn", "longer turns mean fewer switches"),
    Rule("inherited.util_min", "warn", "refuse", "utilization clamps steer the frequency and the choice of core"),
    Rule("inherited.util_max", "warn", "refuse", "utilization clamps steer the frequency and the choice of core"),
    Rule("inherited.cpu_weights", "note", "warn", "matters only while others want the same CPUs, which noise shows"),
    Rule("inherited.cpu_idle", "warn", "refuse", "an idle control group yields to all others"),
    Rule("inherited.group_util_min", "warn", "refuse", "utilization clamps steer the frequency and the choice of core"),
    Rule("inherited.group_util_max", "warn", "refuse", "utilization clamps steer the frequency and the choice of core"),
    Rule("inherited.memory_high_bytes", "note", "warn", "matters only to a cell that comes near it"),
    Rule("inherited.timer_slack_ns", "note", "warn", "sleeping threads wake later"),
    Rule("inherited.personality", "warn", "warn", "without address randomization repetitions share one memory layout"),
    Rule("inherited.huge_pages_disabled", "warn", "refuse", "page size moves what is bound by memory"),
    Rule("inherited.memory_merged", "warn", "refuse", "merged pages are copied when they are written"),
    Rule("inherited.core_scheduling", "warn", "refuse", "SMT siblings may be forced idle"),
    Rule("inherited.oom_score_adj", "note", "note", "decides only who is killed when memory runs out"),
    Rule("inherited.seccomp_mode", "note", "warn", "a filter runs on every system call"),
    Rule("inherited.seccomp_filters", "note", "warn", "every filter runs on every system call"),
    Rule("inherited.store_bypass", "warn", "refuse", "loads wait for earlier stores where speculation is off"),
    Rule("inherited.indirect_branch", "warn", "refuse", "indirect branches are slower where speculation is off"),
    Rule("inherited.l1d_flush", "warn", "refuse", "a context switch empties the first-level cache"),
    Rule("inherited.sve_vector_bytes", "refuse", "refuse", "kernels run on vectors of another length"),
    Rule("inherited.limits", "note", "warn", "a stack limit sets threads' stacks; others matter where they are reached"),
)  # fmt: skip
"""Facts of one cell."""
