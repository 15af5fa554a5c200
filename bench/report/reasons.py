"""Reasons as sentences: where codes of `bench.records.reason` become what people read.

Each area of the code keeps the table of its own codes in a module beside this one.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bench.records.reason import Reason
from bench.report.reasons_compare import SENTENCES_COMPARE

SENTENCES: Mapping[str, str] = MappingProxyType({**SENTENCES_COMPARE})
"""Code → sentence, with the names of values in braces."""


def describe_reason(reason: Reason) -> str:
    """Return a reason as a sentence; one of an unknown code, as a newer bench may write, as its code and values."""
    template = SENTENCES.get(reason.code)
    if template is None:
        return " ".join((reason.code, *(f"{name}={value}" for name, value in sorted(reason.values.items()))))
    return template.format_map(_Values(reason.values))


class _Values(dict[str, str]):
    """Values by name; one that is missing is shown as a question mark: a bundle's author chooses what it holds."""

    def __missing__(self, name: str) -> str:
        return "?"
