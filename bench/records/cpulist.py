"""The kernel's list format for CPUs and memory nodes: `0-3,8`.

Source: Linux `Documentation/admin-guide/kernel-parameters.rst` and `lib/bitmap.c`. Strides (`0-7:2/4`) are rejected:
they are syntax of kernel parameters, and `/sys` and `/proc` never print them.
"""

import re
from collections.abc import Iterable, Iterator

MAX_CPU = 65_535
"""Larger than any kernel's NR_CPUS (8192 on x86-64 and arm64); bounds the memory a hostile list can claim."""

_RANGE = re.compile(r"(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?", re.ASCII)


def parse_cpulist(text: str) -> frozenset[int]:
    """Return the CPUs of a list such as `0-3,8`; blank text and `(null)` are the empty set.

    Some kernels print `(null)` for an empty list (`nohz_full`).

    Raises:
        ValueError: the text is not a list, or repeats CPUs beyond any plausible number; the message shows the text.
    """
    cpus: set[int] = set()
    count = 0
    for first, last in _parse_ranges(text):
        count += last - first + 1
        if count > MAX_CPU + 1:
            raise ValueError(f"{text[:80]!r} is not a CPU list: it names more CPUs than {MAX_CPU + 1}")
        cpus.update(range(first, last + 1))
    return frozenset(cpus)


def parse_cpumask(text: str) -> int:
    """Return a list as a number with one bit per CPU: cheap to compare, also for many hostile lists.

    Raises:
        ValueError: the text is not a list; the message shows the text.
    """
    mask = 0
    for first, last in _parse_ranges(text):
        mask |= (1 << last + 1) - (1 << first)
    return mask


def _parse_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Return first and last CPU of each part."""
    stripped = text.strip("\0 \t\r\n")
    if stripped in {"", "(null)"}:
        return
    for part in stripped.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise ValueError(f"{stripped[:80]!r} is not a CPU list like 0-3,8")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first or last > MAX_CPU:
            raise ValueError(f"{stripped[:80]!r} is not a CPU list: bad range {part!r}")
        yield first, last


def format_cpulist(cpus: Iterable[int]) -> str:
    """Return CPUs in the shortest list format; the inverse of `parse_cpulist`."""
    ordered = sorted(set(cpus))
    parts: list[str] = []
    start = 0
    for index, cpu in enumerate(ordered):
        if index + 1 < len(ordered) and ordered[index + 1] == cpu + 1:
            continue
        parts.append(str(cpu) if ordered[start] == cpu else f"{ordered[start]}-{cpu}")
        start = index + 1
    return ",".join(parts)
