"""A check: a named value that can be read from a bundle, and the kinds of limits for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from bench.compare.qualification.reading import Read
from bench.stats.metrics import Better

Kind = Literal["word", "words", "truth", "number"]

COMPARATORS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "word": ("equals", "one_of"),
        "words": ("contains",),
        "truth": ("equals",),
        "number": ("equals", "at_least", "at_most"),
    }
)
"""The comparators for each kind of value."""


@dataclass(frozen=True)
class Check:
    """A check.

    Attributes:
        name: `<group>.<what>`, as written in a policy.
        kind: Of its values.
        read: Reads the values from a bundle.
        of_cells: It reads one value of each cell.
        unit: Of its values; empty for words and plain counts.
        better: Whether `less` or `more` is better; None if references give it no limit.
    """

    name: str
    kind: Kind
    read: Read
    of_cells: bool = field(default=False, kw_only=True)
    unit: str = field(default="", kw_only=True)
    better: Better | None = field(default=None, kw_only=True)
