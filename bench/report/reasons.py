"""Reasons as sentences: where the codes of `bench.records.reason` become text for people.

Each area of the code keeps the table of its own codes in a module beside this one.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bench.records.reason import Reason
from bench.report.reasons_failures import SENTENCES_FAILURES
from bench.report.reasons_hardware import SENTENCES_HARDWARE
from bench.report.reasons_placement import SENTENCES_PLACEMENT
from bench.report.reasons_qualification import SENTENCES_QUALIFICATION

SENTENCES: Mapping[str, str] = MappingProxyType(
    {**SENTENCES_FAILURES, **SENTENCES_HARDWARE, **SENTENCES_PLACEMENT, **SENTENCES_QUALIFICATION}
)
"""Code → sentence, with the names of values in braces."""


def describe_reason(reason: Reason) -> str:
    """Return a reason as a sentence. Of an unknown code, which a newer bench may have written, return code and values."""
    template = SENTENCES.get(reason.code)
    if template is None:
        return " ".join((reason.code, *(f"{name}={value}" for name, value in sorted(reason.values.items()))))
    return template.format_map(_Values(reason.values))


class _Values(dict[str, str]):
    """Values by name. A missing value is shown as a question mark: a bundle from outside may lack it."""

    def __missing__(self, name: str) -> str:
        return "?"
