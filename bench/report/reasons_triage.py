"""Why a machine of a fleet was judged as it was: codes of `bench.records.triage`."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_TRIAGE: Mapping[str, str] = MappingProxyType(
    {
        "small_class": (
            "machines of its class with numbers: {found}, and {needed} are needed to tell which is odd; name known good "
            "ones with --reference"
        ),
        "too_few_reference_machines": (
            "reference machines of its class: {found}, and {needed} are needed to know how good ones scatter"
        ),
        "no_numbers": (
            "no cell has two valid repetitions, so that nothing could be compared: it failed, or its host was noisy; "
            "measure it again, and see bench doctor there"
        ),
        "no_number_of_cell": "{cell}: no number here, or too few machines have one; measure it again",
        "repeat_cell": (
            "{cell}: only machines slower by {could_show_percent}% would mostly be suspect; repeat it {needed} times in place of "
            "{made}"
        ),
        "class_scatters": (
            "{cell}: only machines slower by {could_show_percent}% would mostly be suspect; those of the class scatter by "
            "{scatter_percent}%, which repetitions do not change: allow a wider --margin, measure on several days, or judge more machines"
        ),
        "shared_host_name": (
            "{runs} runs of host name {name} overlap in time, so that it names several machines: each run counts as one"
        ),
        "suspect_cell": (
            "{cell}: {worse_percent}% worse, too far out for machines that scatter normally (p {p_if_normal}) but not for "
            "heavy tails (p {p_value}): measure this machine again, and triage that run with this folder as --reference"
        ),
        "cell_without_numbers": "{cell}: no machine of class {class} has a number of it, so that nothing was judged by it",
        "odd_reference": "{machine} is odd among the references, and so is none",
        "own_references": "reference machines that are judged themselves: {machines}; they are no references",
    }
)
