"""Why a machine of a fleet was judged as it was: codes of `bench.records.triage`."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_TRIAGE: Mapping[str, str] = MappingProxyType(
    {
        "small_class": (
            "its class has {found} machine(s) with numbers, and {needed} are needed to tell which is odd; name known good "
            "ones with --reference"
        ),
        "too_few_reference_machines": (
            "{found} reference machine(s) of its class, and {needed} are needed to know how good ones scatter"
        ),
        "no_number_of_cell": "{cell}: no number here, or too few machines have one; measure it again",
        "repeat_cell": (
            "{cell}: slower by {could_show_percent}% could be shown; with {needed} repetitions in place of {made} the margin "
            "could"
        ),
        "class_scatters": (
            "{cell}: slower by {could_show_percent}% could be shown; machines of the class scatter by {scatter_percent}%, "
            "which repetitions do not change: allow a wider --margin, measure on several days, or judge more machines"
        ),
        "shared_host_name": (
            "{runs} runs of host name {name} overlap in time, so that it names several machines: each run counts as one"
        ),
        "unsafe_host_name": "{name} is no host name, and is left out of the lists of hosts",
    }
)
