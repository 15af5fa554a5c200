"""Reasons of tunings as sentences: why there is no gain, or what a reader must know of one."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_TUNING: Mapping[str, str] = MappingProxyType(
    {
        "no_gain_shown": "No gain shown above {most_percent}%",
        "tuning_worse": "No gain: these settings are worse than those that they were compared with",
        "tuning_too_few_pairs": "too few valid pairs of repetitions for a verdict: an arm failed, the host was too noisy, "
        "or the budget too short",
        "tuning_ablation_incomplete": "what each setting bought was not shown: too few valid pairs; all settings stay",
        "tuning_no_single_setting": "no setting was shown to help by itself, only all together; all settings stay",
        "tuning_not_confirmed": "the settings that help by themselves were not shown to be better without the others, so "
        "all settings stay; the gain is that of the trial",
        "tuning_no_arm_within_limit": "none of the settings that were tried keeps the limit: their lowest {metric} is "
        "{lowest_ms} ms, wanted below {limit_ms} ms",
        "tuning_over_limit": "these settings do not keep the limit",
        "tuning_limit_unclear": "it is not shown whether these settings keep the limit, which lies within the interval; "
        "give more time with --budget",
        "tuning_limit_needs_all": "without the other settings those that help by themselves were not shown to keep the "
        "limit, so all settings stay; the gain is that of the trial",
        "tuning_own_over_limit": "the profile's own settings do not keep the limit",
        "tuning_no_number": "no arm has a valid repetition",
        "energy_counter_missing": "{folder} has no counter of a package (guests have none)",
        "energy_counter_unreadable": "{file} cannot be read: {text}; only root may read it since Linux 5.10",
    }
)
"""Code → sentence."""
