"""Reasons as data: a code with values, so that machines can count them and sentences can be reworded."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from bench.errors import EnvironmentUnfitError
from bench.records.record import Record

ReasonCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,59}\Z")]
ValueName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
ReasonValue = Annotated[str, Meta(max_length=4096)]


class Reason(Record, frozen=True, kw_only=True):
    """Why something is as it is.

    `bench.report.reasons` turns it into a sentence. A sealed bundle holds reasons only, never sentences.

    Attributes:
        code: What it is, in one word that never changes its meaning.
        values: What the sentence has to name: name → text. Numbers are written without a unit; the name has it.
    """

    code: ReasonCode
    values: dict[ValueName, ReasonValue] = {}


class UnsupportedError(EnvironmentUnfitError):
    """Nothing of what was asked for is supported here.

    The layers that raise it have no sentences for reasons; `bench.report.reasons.describe_error` has.

    Attributes:
        what: The action that is not possible, such as `none of the 3 cases asked for can be run`.
        reasons: Why, one or more.
    """

    def __init__(self, what: str, reasons: Sequence[Reason]) -> None:
        super().__init__(f"{what}: {'; '.join(map(format_reason, reasons))}")
        self.what = what
        self.reasons = tuple(reasons)


def format_reason(reason: Reason) -> str:
    """Return a reason as its code and values, for where there is no sentence."""
    return " ".join((reason.code, *(f"{name}={value}" for name, value in sorted(reason.values.items()))))
