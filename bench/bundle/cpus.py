"""Compare lists of CPUs and memory nodes of a bundle: any may be hostile, and there may be a million."""

from functools import lru_cache

from bench.errors import BundleError
from bench.records.cpulist import parse_cpumask

_parse = lru_cache(maxsize=4096)(parse_cpumask)
"""As many of the longest lists as one file of a bundle can hold, so that none is parsed twice."""


def contains(outer: str, inner: str) -> bool:
    """Return whether one list names all that another names.

    Raises:
        BundleError: one of them is not a list.
    """
    if inner == outer:
        return True
    try:
        return not _parse(inner) & ~_parse(outer)
    except ValueError as error:
        raise BundleError(str(error)) from error
