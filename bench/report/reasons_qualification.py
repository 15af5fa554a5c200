"""Why a rule of a policy came out as it did: codes of `bench.records.qualification`."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_QUALIFICATION: Mapping[str, str] = MappingProxyType(
    {
        # Of a value, or of none.
        "stated_only": "merely stated by firmware or hypervisor",
        "not_shipped_profile": "not the profile {profile} of this bench: it only bears the name",
        "unavailable": "unavailable",
        "unavailable_allowed": "unavailable, which the policy lets pass: {reason}",
        "cell_without_number": "no number",
        "other_unit_size": "the unit and its reference differ in size",
        "no_cell_measured": "no cell has a number",
        "no_cell_matches": "no cell of the run matches this rule",
        "probed_once": "probed less than twice: layout {layouts}",
        # Of a value and its limit.
        "missing_words": "missing: {words}",
        "interval_spans_limit": "its interval lies on both sides of the limit",
        "waived": "waived by {owner} until {until} ({reason}); {outcome}",
        # Why references give no limit.
        "too_few_references": "references with this cell: {found}; needed for a tolerance limit: {needed}",
        "no_reference": "no reference has this cell; needed for a ratio: 1",
        "no_logarithm": "the value {value} of {cell} has no logarithm, so it cannot be compared with references",
        "equal_references": "all {references} references have the value {value}: they are not independent",
        "scattered_references": (
            "{references} references scatter by {scatter_percent}%, which puts the limit beyond {reach_limit} times their "
            "mean; measure more of them, or on a quieter host"
        ),
        "unbounded_ratio": "an interval reaches down to {low}, which allows any ratio",
        # Where a limit comes from.
        "tolerance_limit": (
            "covers {coverage_percent}% of good units with confidence {confidence_percent}%, by {references} references, "
            "{from_mean_percent}% from their mean"
        ),
        "reference_mean": "of the geometric mean of {references} references",
        "single_reference": "of 1 reference",
        # What a reader must know of the whole verdict.
        "no_signature_asked": (
            "nobody's signature was asked for: anyone may have made these bundles; name a trust store with --trust"
        ),
        "not_shipped_policy": (
            "not the shipped policy: this file only bears the name {policy}; the digest of the shipped one is {digest}"
        ),
        "unfinished_run": "run {run_id} was begun beside these bundles and has none: it does not count",
        "waiver_ended": "the waiver of {rule} by {owner} ended on {until} and does not count ({reason})",
        "waiver_not_needed": "the waiver of {rule} by {owner} until {until} is not needed: nothing it is for fails",
        "chance_of_failure": (
            "{rule}: {limits} values have limits that each cover {coverage_percent}% of good units, so at most "
            "{chance_percent}% of good units fail one of them by chance"
        ),
        "reference_differs": (
            "run {run_id} and reference {reference} differ in {field}: {unit_value} and {reference_value}"
        ),
    }
)
