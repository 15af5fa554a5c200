"""Which differences between two runs matter, and why: one table. `bench.report.reasons_compare` has the sentences."""

from typing import NamedTuple

from bench.records.verdict import Severity


class Rule(NamedTuple):
    """How much a difference in one field matters.

    Attributes:
        field: Its place: in the bundle's contents, or for a cell's rule in what `collect_cell_facts` returns.
        compare: Severity where a change is looked for.
        reproduce: Severity where nothing may have changed.
        code: Why it matters, or why not.
    """

    field: str
    compare: Severity
    reproduce: Severity
    code: str


RUN_RULES: tuple[Rule, ...] = (
    Rule("machine.cpu.architecture", "refuse", "refuse", "other_instructions"),
    Rule("machine.cpu.vendor", "refuse", "refuse", "other_cpu"),
    Rule("machine.cpu.microarchitecture", "refuse", "refuse", "other_cpu"),
    Rule("machine.cpu.model_name", "refuse", "refuse", "other_cpu_model"),
    Rule("machine.cpu.stepping", "warn", "warn", "other_stepping"),
    Rule("machine.cpu.variant", "warn", "warn", "other_revision"),
    Rule("machine.cpu.isa", "warn", "refuse", "other_isa"),
    Rule("machine.topology.package_count", "warn", "refuse", "other_packages"),
    Rule("machine.topology.core_count", "warn", "refuse", "other_core_count"),
    Rule("machine.topology.smt_active", "warn", "refuse", "other_smt"),
    Rule("machine.topology.allowed_cpus", "warn", "warn", "other_allowed_cpus"),
    Rule("machine.limits.cpu_quota", "refuse", "refuse", "other_quota"),
    Rule("machine.limits.memory_bytes", "note", "warn", "other_memory_limit"),
    Rule("machine.limits.total_memory_bytes", "note", "warn", "other_memory"),
    Rule("machine.settings.hypervisor", "warn", "refuse", "other_hypervisor"),
    Rule("machine.settings.kernel", "warn", "warn", "other_kernel"),
    Rule("machine.settings.microcode", "warn", "warn", "other_microcode"),
    Rule("machine.settings.governor", "warn", "warn", "other_frequency"),
    Rule("machine.settings.frequency_driver", "warn", "warn", "other_frequency"),
    Rule("machine.settings.boost", "warn", "refuse", "other_frequency"),
    Rule("machine.settings.max_frequency_hz", "warn", "warn", "other_frequency"),
    Rule("machine.settings.smt_control", "warn", "warn", "other_smt"),
    Rule("machine.settings.transparent_hugepages", "warn", "warn", "other_page_size"),
    Rule("machine.settings.numa_balancing", "warn", "warn", "other_numa_balancing"),
    Rule("machine.settings.isolated_cpus", "warn", "warn", "other_isolation"),
    Rule("machine.settings.nohz_full_cpus", "note", "note", "other_ticks"),
    Rule("machine.settings.aslr", "note", "note", "other_aslr"),
    Rule("machine.firmware.product_name", "warn", "warn", "other_product"),
    Rule("machine.firmware.bios_version", "warn", "warn", "other_firmware"),
    Rule("machine.host_name", "note", "note", "other_host_name"),
    Rule("environment.implementation", "warn", "refuse", "other_interpreter"),
    Rule("environment.source_digest", "warn", "warn", "other_bench"),
    Rule("environment.lock_digest", "note", "note", "other_lock"),
    Rule("environment.distributions", "note", "refuse", "other_distributions"),
    Rule("environment.variables", "warn", "warn", "other_variables"),
    Rule("image.inside", "warn", "warn", "other_image"),
    Rule("image.labels", "note", "note", "other_image_labels"),
    Rule("plan.profile.name", "note", "warn", "other_profile"),
    Rule("plan.policy.measure_s", "warn", "refuse", "other_timed_part"),
    Rule("plan.policy.warmup_max_s", "warn", "refuse", "other_warm_up"),
    Rule("plan.policy.sample_s", "warn", "refuse", "other_sample_length"),
    Rule("plan.policy.samples_min", "note", "warn", "other_sample_count"),
)  # fmt: skip
"""Fields of `Contents`."""

CELL_RULES: tuple[Rule, ...] = (
    Rule("weights_digest", "refuse", "refuse", "other_weights"),
    Rule("inputs_digest", "refuse", "refuse", "other_inputs"),
    Rule("items_per_iteration", "refuse", "refuse", "other_items"),
    Rule("threads", "warn", "refuse", "other_threads"),
    Rule("cpus", "note", "warn", "other_cpus"),
    Rule("memory_nodes", "warn", "warn", "other_memory_nodes"),
    Rule("openmp", "warn", "refuse", "other_openmp"),
    Rule("allocator", "warn", "refuse", "other_allocator"),
    Rule("environment", "warn", "refuse", "other_environment"),
    Rule("primitives", "note", "warn", "other_primitives"),
    Rule("flush_denormals", "refuse", "refuse", "other_denormals"),
    Rule("inherited.scheduling_policy", "refuse", "refuse", "other_inherited_scheduling_policy"),
    Rule("inherited.scheduling_priority", "refuse", "refuse", "other_inherited_scheduling_priority"),
    Rule("inherited.nice", "warn", "refuse", "other_inherited_nice"),
    Rule("inherited.autogroup_nice", "warn", "refuse", "other_inherited_autogroup_nice"),
    Rule("inherited.slice_ns", "note", "warn", "other_inherited_slice_ns"),
    Rule("inherited.util_min", "warn", "refuse", "other_inherited_util_min"),
    Rule("inherited.util_max", "warn", "refuse", "other_inherited_util_max"),
    Rule("inherited.cpu_weights", "note", "warn", "other_inherited_cpu_weights"),
    Rule("inherited.cpu_idle", "warn", "refuse", "other_inherited_cpu_idle"),
    Rule("inherited.group_util_min", "warn", "refuse", "other_inherited_group_util_min"),
    Rule("inherited.group_util_max", "warn", "refuse", "other_inherited_group_util_max"),
    Rule("inherited.memory_high_bytes", "note", "warn", "other_inherited_memory_high_bytes"),
    Rule("inherited.timer_slack_ns", "note", "warn", "other_inherited_timer_slack_ns"),
    Rule("inherited.personality", "warn", "warn", "other_inherited_personality"),
    Rule("inherited.huge_pages_disabled", "warn", "refuse", "other_inherited_huge_pages_disabled"),
    Rule("inherited.memory_merged", "warn", "refuse", "other_inherited_memory_merged"),
    Rule("inherited.core_scheduling", "warn", "refuse", "other_inherited_core_scheduling"),
    Rule("inherited.oom_score_adj", "note", "note", "other_inherited_oom_score_adj"),
    Rule("inherited.seccomp_mode", "note", "warn", "other_inherited_seccomp_mode"),
    Rule("inherited.seccomp_filters", "note", "warn", "other_inherited_seccomp_filters"),
    Rule("inherited.store_bypass", "warn", "refuse", "other_inherited_store_bypass"),
    Rule("inherited.indirect_branch", "warn", "refuse", "other_inherited_indirect_branch"),
    Rule("inherited.l1d_flush", "warn", "refuse", "other_inherited_l1d_flush"),
    Rule("inherited.sve_vector_bytes", "refuse", "refuse", "other_inherited_sve_vector_bytes"),
    Rule("inherited.limits", "note", "warn", "other_inherited_limits"),
)
"""Facts of one cell."""
