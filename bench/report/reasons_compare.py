"""Sentences for the reasons of comparisons and reproductions."""

from collections.abc import Mapping
from types import MappingProxyType

_FINDINGS: Mapping[str, str] = MappingProxyType(
    {
        "other_instructions": "their instructions differ: the ratio would be one of machines",
        "other_cpu": "another CPU: the ratio would be one of machines",
        "other_cpu_model": "models of one family differ in clock, caches and memory channels",
        "other_stepping": "steppings differ in errata and their mitigations",
        "other_revision": "revisions differ in errata and their mitigations",
        "other_isa": "libraries choose their kernels by these flags",
        "other_packages": "memory bandwidth depends on the number of packages",
        "other_core_count": "a guest of another size has other neighbours and caches",
        "other_smt": "a sibling thread takes part of its core",
        "other_allowed_cpus": "cores of one machine may differ; threads are compared cell by cell",
        "other_quota": "a quota stops all threads for a part of each period",
        "other_memory_limit": "it matters only to a cell that comes near it",
        "other_memory": "other memory modules may have another speed",
        "other_hypervisor": "a guest shares its machine",
        "other_kernel": "scheduler, page handling and mitigations differ",
        "other_microcode": "mitigations cost time",
        "other_frequency": "the clock frequency differs",
        "other_page_size": "the page size changes what is bound by memory",
        "other_numa_balancing": "pages move while they are used",
        "other_isolation": "other tasks are kept off some CPUs",
        "other_ticks": "timer ticks cost well below a thousandth",
        "other_aslr": "each repetition has its own memory layout either way",
        "other_product": "another kind of server or guest",
        "other_firmware": "firmware sets power limits and memory timing",
        "other_host_name": "another host of one kind, or another container",
        "other_interpreter": "the interpreter runs between kernels",
        "other_bench": "bench itself differs: its workloads and its way of measuring may differ",
        "other_lock": "what is installed is compared package by package",
        "other_distributions": "other packages: perhaps what is to be compared",
        "other_variables": "workers inherit few variables; those that they get are compared cell by cell",
        "other_image": "an image has its own C library and allocator",
        "other_image_labels": "what an image holds is compared package by package",
        "other_profile": "what a profile decides is compared cell by cell",
        "other_timed_part": "longer timed parts are warmer, and see more of the host",
        "other_warm_up": "a warm-up that is cut short leaves samples that are not steady",
        "other_sample_length": "the median of longer samples differs from that of shorter ones",
        "other_sample_count": "the median of more samples scatters less, and is the same",
        "other_weights": "another model",
        "other_inputs": "other inputs",
        "other_items": "each call does other work",
        "other_threads": "other threads: perhaps what is to be compared",
        "other_cpus": "cores of one machine may differ",
        "other_memory_nodes": "memory of another node is farther away",
        "other_openmp": "another OpenMP runtime: perhaps what is to be compared",
        "other_allocator": "another allocator: perhaps what is to be compared",
        "other_environment": "other variables for the workers: perhaps what is to be compared",
        "other_primitives": "oneDNN chose other kernels, which may be why the cell differs",
        "emulated_architecture": "an emulated architecture is no CPU, and its times say nothing",
        "package_unused": "no worker imports it",
        "package_of_other_backend": "only backend {backend} imports it, and the plan has no such cell",
        "cpus_not_allowed": "the plan binds workers to CPUs that may not be used here",
        "other_unit_size": "a unit of another size",
    }
)
"""Why a difference between two sides matters, or does not."""

_VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "differs": "{field}: {base} and {new}, which forbids a verdict",
        "no_such_cell": "{side} refused this case, or does not have it in this layout",
        "no_number": "{side} has no number",
        "not_measured": "not measured: the budget ended before it",
        "failed": "{failure}",
        "too_few_repetitions": "{base} and {new} valid repetitions of a run are too few: a verdict takes {wanted} of each run; measure with --repetitions {wanted} or more",
        "too_few_pairs": "{pairs} pairs of valid repetitions are too few: a verdict takes {wanted}; measure with --repetitions {wanted} or more",
        "neither_shown": "neither a difference nor equivalence within {margin_percent}% is shown: with this scatter, a change below {detectable_percent}% would mostly be missed",
        "host_moved": "the host itself changed between the runs, which explains the difference: its probes took {compute_percent}% (compute) and {bandwidth_percent}% (memory bandwidth) longer; interleave both with bench ab",
        "difference_within_margin": "a difference is shown, and is within the margin",
        "autocorrelated": "repetitions are autocorrelated, as beside a noisy neighbour: the effective sample size of base is {base_effective} of {base}, that of new {new_effective} of {new}",
        "shown_by_ranks": "shown by ranks: new's repetition is the {outcome} one in {share_percent}% of all pairings with one of base; the means scatter too much to show it",
        "only_in_base": "only in base: {cell}",
        "only_in_new": "only in new: {cell}",
        "scatter_assumed": "assumed; no other run of this host is known",
        "scatter_learned": "from {prior_percent}% assumed, with {earlier} earlier runs of this host, {calibrated} of its calibration and {compared} that are compared",
        "reproduced": "equivalent within {margin_percent}%",
        "slower_than_margin": "slower by more than {margin_percent}%",
        "faster_than_margin": "faster by more than {margin_percent}%",
        "neither_within_nor_beyond": "neither within {margin_percent}% nor beyond it is shown",
    }
)
"""Why a cell has its outcome, and what a reader must know besides."""

SENTENCES_COMPARE: Mapping[str, str] = MappingProxyType({**_FINDINGS, **_VERDICTS})
