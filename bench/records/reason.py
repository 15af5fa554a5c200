"""Reasons as data: a code with values, so that machines can count them and sentences can be reworded."""

from typing import Annotated

from msgspec import Meta

from bench.records.record import Record

ReasonCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,59}\Z")]
ValueName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
ReasonValue = Annotated[str, Meta(max_length=4096)]


class Reason(Record, frozen=True, kw_only=True):
    """Why something is as it is.

    `bench.report.reasons` makes a sentence of it. A sealed bundle holds reasons only, never sentences.

    Attributes:
        code: What it is, in one word that never changes its meaning.
        values: What the sentence has to name: name → text. Numbers are written without a unit; the name has it.
    """

    code: ReasonCode
    values: dict[ValueName, ReasonValue] = {}
