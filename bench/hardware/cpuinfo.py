"""`/proc/cpuinfo`, of x86 and of Arm, as kernels from 2.6.18 on print it."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bench.hardware.tree import MAX_ID, Tree, clean_line
from bench.records.record import Record

PATH: Final = "proc/cpuinfo"

_MAX_BYTES: Final = 32 << 20
"""2 KiB a CPU: room for 16384 of them."""

_NUMBER: Final = re.compile(r"0x[0-9a-f]{1,8}|[0-9]{1,9}", re.ASCII | re.IGNORECASE)
_FLAG: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,40}", re.ASCII)

Fields = Mapping[str, str]
"""One CPU's lines by key, in lower case and with blanks for underscores: `vendor id`, `cpu part`."""


def parse_number(text: str | None) -> int | None:
    """A decimal number, or a hexadecimal one after `0x`; None for anything else (`unknown`, `r3p1`)."""
    if text is None or _NUMBER.fullmatch(text) is None:
        return None
    return int(text, 16) if text[:2] in {"0x", "0X"} else int(text)


class CpuInfo(Record, frozen=True, kw_only=True):
    """What `/proc/cpuinfo` says.

    Attributes:
        cpus: Logical CPU → its fields. Empty where the text numbers no CPUs.
        shared: Fields of no single CPU: old Arm kernels print `Features` once for all CPUs, and some collections
            keep `lscpu`'s output under this file's name.
    """

    cpus: Mapping[int, Fields]
    shared: Fields

    def values(self, key: str) -> tuple[str, ...]:
        """Return all different values of a field, in order of CPUs."""
        return tuple(dict.fromkeys(fields[key] for fields in self._sources() if key in fields))

    def first(self, key: str) -> str | None:
        """Return the field's value on the first CPU that has it."""
        return next(iter(self.values(key)), None)

    def flag_sets(self) -> tuple[frozenset[str], ...]:
        """Return the different sets of feature flags; more than one if the CPUs differ."""
        texts = (*self.values("flags"), *self.values("features"))
        return tuple(dict.fromkeys(frozenset(filter(_FLAG.fullmatch, text.split())) for text in texts if text))

    def isa(self) -> frozenset[str]:
        """Return the feature flags that all CPUs have."""
        sets = self.flag_sets()
        return frozenset.intersection(*sets) if sets else frozenset()

    @property
    def is_arm(self) -> bool:
        """Whether a kernel for Arm wrote this: only that names an implementer. lscpu's output says so itself."""
        return self.first("cpu implementer") is not None or self.first("architecture") == "aarch64"

    @property
    def is_x86(self) -> bool:
        """Whether a kernel for x86 wrote this, or lscpu says so."""
        return not self.is_arm and self.first("cpu family") is not None

    def _sources(self) -> Iterator[Fields]:
        yield from self.cpus.values()
        yield self.shared


def parse_cpuinfo(text: str) -> CpuInfo:
    """Parse the text; lines that are not `key : value` (headers, dots for an omission) are ignored."""
    cpus: dict[int, Fields] = {}
    shared: dict[str, str] = {}
    for numbers, fields in _blocks(text):
        if not numbers:
            shared.update(fields)
        frozen = MappingProxyType(fields)
        cpus.update((number, frozen) for number in numbers)
    return CpuInfo(cpus=MappingProxyType(cpus), shared=MappingProxyType(shared))


def read_cpuinfo(tree: Tree) -> CpuInfo:
    """Read `/proc/cpuinfo`, and note it if that is missing: nothing else shows the CPU's model."""
    text = tree.text(PATH, limit=_MAX_BYTES)
    if text is None:
        tree.note("cpuinfo_missing")
    info = parse_cpuinfo(text or "")
    if text is not None and not info.flag_sets():
        tree.note("isa_flags_not_shown")
    if len(info.flag_sets()) > 1:
        tree.note("isa_flags_differ")
    return info


def _blocks(text: str) -> Iterator[tuple[list[int], dict[str, str]]]:
    """Yield each block of lines between blank lines: the CPUs that it numbers, and its other fields."""
    numbers: list[int] = []
    fields: dict[str, str] = {}
    for line in (*text.replace("\0", "").splitlines(), ""):
        key, colon, value = line.partition(":")
        if not line.strip():
            if numbers or fields:
                yield numbers, fields
            numbers, fields = [], {}
        elif colon:
            name = " ".join(key.lower().replace("_", " ").split())
            number = parse_number(value.strip()) if name == "processor" else None
            if number is None:
                fields.setdefault(name, clean_line(value, limit=8192))
            elif number <= MAX_ID:
                numbers.append(number)
