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
)
"""Facts of one cell."""
