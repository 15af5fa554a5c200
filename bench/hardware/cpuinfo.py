"""`/proc/cpuinfo`, of x86 and of Arm, as kernels from 2.6.18 on print it."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bench.hardware.tree import MAX_ID, Tree
from bench.records.record import Record
from bench.records.text import clean_line

PATH: Final = "proc/cpuinfo"

_MAX_BYTES: Final = 32 << 20
"""2 KiB a CPU: room for 16384 of them."""

_MAX_LINES: Final = 1 << 20
"""64 lines a CPU; x86 prints 28."""

_MAX_KEY: Final = 80
_MAX_VALUE: Final = 8192

_NUMBER: Final = re.compile(r"0x[0-9a-f]{1,8}|[0-9]{1,9}", re.ASCII | re.IGNORECASE)
_FLAG: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,40}", re.ASCII)

_FLAGS: Final = frozenset({"flags", "features"})
"""Fields of feature flags. They are joined over all CPUs while they are read, and not kept."""

_KEPT: Final = frozenset(
    {
        "architecture",
        "core id",
        "cpu architecture",
        "cpu family",
        "cpu implementer",
        "cpu part",
        "cpu revision",
        "cpu variant",
        "microcode",
        "model",
        "model name",
        "physical id",
        "stepping",
        "vendor id",
        # Of architectures that cannot be measured, so that none is taken for one that can.
        "arch",
        "cpu",
        "cpu model",
        "hart",
        "isa",
        "timebase",
        "type",
    }
)
"""Fields that some reader asks for. A hostile file may hold millions of others."""

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
        isa: The feature flags that all CPUs have; None where none are shown, so that none is known to be missing.
        flags_differ: The CPUs differ in their flags.
    """

    cpus: Mapping[int, Fields]
    shared: Fields
    isa: frozenset[str] | None
    flags_differ: bool

    def values(self, key: str) -> tuple[str, ...]:
        """Return all different values of a field, in order of CPUs."""
        return tuple(dict.fromkeys(fields[key] for fields in self._sources() if key in fields))

    def first(self, key: str) -> str | None:
        """Return the field's value on the first CPU that has it."""
        return next((fields[key] for fields in self._sources() if key in fields), None)

    def _sources(self) -> Iterator[Fields]:
        yield from self.cpus.values()
        yield self.shared


class _CommonFlags:
    """The flags that all texts so far have.

    Attributes:
        found: None before the first text.
        differ: Some text had others.
    """

    def __init__(self) -> None:
        self.found: frozenset[str] | None = None
        self.differ = False
        self._first: frozenset[str] = frozenset()
        self._last = ""

    def add(self, text: str) -> None:
        """Add one CPU's flags. Most CPUs repeat the text of the one before them."""
        if not text or text == self._last:
            return
        self._last = text
        flags = frozenset(text.split())
        if self.found is None:
            self._first = flags
            self.found = frozenset(filter(_FLAG.fullmatch, flags))
        elif flags != self._first:
            self.differ = True
            self.found &= flags


def parse_cpuinfo(text: str) -> CpuInfo:
    """Parse the text; lines that are not `key : value` (headers, dots for an omission) are ignored."""
    cpus: dict[int, Fields] = {}
    shared: dict[str, str] = {}
    flags = _CommonFlags()
    for numbers, fields in _blocks(text, flags):
        if not numbers:
            shared.update(fields)
        frozen = MappingProxyType(fields)
        cpus.update((number, frozen) for number in numbers)
    return CpuInfo(
        cpus=MappingProxyType(cpus), shared=MappingProxyType(shared), isa=flags.found, flags_differ=flags.differ
    )


def read_cpuinfo(tree: Tree) -> CpuInfo:
    """Read `/proc/cpuinfo`, and note it if that is missing: nothing else shows the CPU's model."""
    text = tree.text(PATH, limit=_MAX_BYTES)
    if text is not None and text.count("\n") > _MAX_LINES:
        tree.note("unreadable", path=PATH, problem="too_large")
        text = None
    if text is None:
        tree.note("cpuinfo_missing")
    info = parse_cpuinfo(text or "")
    if text is not None and info.isa is None:
        tree.note("isa_flags_not_shown")
    if info.flags_differ:
        tree.note("isa_flags_differ")
    return info


def _blocks(text: str, flags: _CommonFlags) -> Iterator[tuple[list[int], dict[str, str]]]:
    """Yield each block of lines between blank lines: the CPUs that it numbers, and its other fields.

    Args:
        text: The file's.
        flags: Takes the feature flags of every block.
    """
    numbers: list[int] = []
    fields: dict[str, str] = {}
    for line in _lines(text.replace("\0", "")):
        key, colon, value = line.partition(":")
        if not line.strip():
            if numbers or fields:
                yield numbers, fields
            numbers, fields = [], {}
        elif colon and len(key) <= _MAX_KEY:
            name = " ".join(key.lower().replace("_", " ").split())
            number = parse_number(value.strip()) if name == "processor" else None
            if number is None:
                _take_field(name, value, fields, flags)
            elif number <= MAX_ID:
                numbers.append(number)


def _take_field(name: str, value: str, fields: dict[str, str], flags: _CommonFlags) -> None:
    if name in _FLAGS:
        flags.add(clean_line(value, limit=_MAX_VALUE))
    elif name in _KEPT:
        fields.setdefault(name, clean_line(value))


def _lines(text: str) -> Iterator[str]:
    """Yield the lines one by one, and a blank one at the end: a list of them all would be larger than the text."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]
    yield ""
