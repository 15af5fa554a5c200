"""Reasons of verification as sentences: what of an intact bundle could not be checked here."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_VERIFICATION: Mapping[str, str] = MappingProxyType(
    {
        "plan_of_another_bench": "whether the plan follows from profile, suite and options: planned by bench {version} "
        "of source {found}, this is bench {own_version} of source {own}",
        "plan_too_large": "whether the plan follows from profile, suite and options: they are too large to plan again",
        "request_not_recorded": "whether cases and layouts follow from suite, profile and options, which are not recorded",
        "plan_of_cited_run": "whether cases and layouts follow from suite, profile and options: the cited run has them",
        "maker_hidden": "whether this profile fits best: the maker of the machine is hidden",
        "case_facts_of_other_source": "weights, inputs, items and operations: this bench's table is for its own source, and "
        "the bundle was made by source {source_digest}",
        "case_unlisted": "weights, inputs, items and operations of cells whose case is not in this bench's table: {cells}",
        "evidence_unknown": "whether precision and backend took effect, as the evidence is of no known kind: {cells}",
        "earlier_stages_not_opened": "what the {stages} earlier stages of this tuning measured: it is in their own bundles, "
        "which are cited by digest",
        "flags_not_shown": "whether the CPU has the kernels' instructions: the machine's flags are not shown",
    }
)
"""Code → sentence."""
