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

    Args:
        readers: Name and `module:function` of each.
    """
    loaded = {name: load_target(target) for name, target in readers}
    before = {name: float(read()) for name, read in loaded.items()}
    return lambda: {name: float(read()) - before[name] for name, read in loaded.items()}
