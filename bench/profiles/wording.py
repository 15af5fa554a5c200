"""The wording of errors: counts, and lists of CPUs and nodes."""

from collections.abc import Iterable

from bench.records.cpulist import format_cpulist


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 core`, `3 cores`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def list_ids(noun: str, ids: Iterable[int]) -> str:
    """Return numbered things in the kernel's list format: `CPU 3`, `nodes 0-1,4`."""
    distinct = frozenset(ids)
    return f"{noun if len(distinct) == 1 else noun + 's'} {format_cpulist(distinct)}"
