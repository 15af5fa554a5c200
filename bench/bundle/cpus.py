"""Lists of CPUs and memory nodes as a bundle states them: any may be hostile, and there may be a million."""

from functools import lru_cache

from bench.errors import BundleError
from bench.records.cpulist import parse_cpumask

_parse = lru_cache(maxsize=4096)(parse_cpumask)
"""As many as one file of a bundle can hold of the longest: none is read more than once for every time it stands there."""


def contains(outer: str, inner: str) -> bool:
    """Whether all that one list names is in another.

    Raises:
        BundleError: one of them is no list.
    """
    if inner == outer:
        return True
    try:
        return not _parse(inner) & ~_parse(outer)
    except ValueError as error:
        raise BundleError(str(error)) from error
