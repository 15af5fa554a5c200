"""Running totals that workers read before and after the timed part, for the metrics whose rows name them.

A reader runs outside of the timed samples, and returns a total that only grows.
"""

import resource
from collections.abc import Callable, Iterable

from bench.measure.targets import load_target


def count_minor_faults() -> float:
    """Return how many pages the kernel gave this process without reading a disk (getrusage(2), `ru_minflt`)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def start_readings(readers: Iterable[tuple[str, str]]) -> Callable[[], dict[str, float]]:
    """Read all totals now; the returned function reads them again and returns the differences by name.

    A total that cannot be read, or that began again meanwhile, has no difference.

    Args:
        readers: Name and `module:function` of each; a function returns None for a total that cannot be read.
    """
    loaded = {name: load_target(target) for name, target in readers}
    before = {name: total for name, read in loaded.items() if (total := read()) is not None}

    def read_differences() -> dict[str, float]:
        after = {name: total for name in before if (total := loaded[name]()) is not None}
        return {name: float(total - before[name]) for name, total in after.items() if total >= before[name]}

    return read_differences
