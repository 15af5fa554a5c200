"""Compare lists of CPUs and memory nodes of a bundle: any may be hostile, and there may be a million."""

from functools import lru_cache

from bench.errors import BundleError
from bench.records.cpulist import parse_cpumask

_parse = lru_cache(maxsize=4096)(parse_cpumask)
"""As many of the longest lists as one file of a bundle can hold, so that none is parsed twice."""


def parse_mask(text: str) -> int:
    """Return a list as a number with one bit for each CPU.

    Raises:
        BundleError: it is no list.
    """
    try:
        return _parse(text)
    except ValueError as error:
        raise BundleError(str(error)) from error


def contains(outer: str, inner: str) -> bool:
    """Return whether one list names all that another names.

    Raises:
        BundleError: one of them is not a list.
    """
    return inner == outer or not parse_mask(inner) & ~parse_mask(outer)
