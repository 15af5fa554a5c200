"""Synthetic hosts: how long repetitions take on machines that drift, run at two speeds, or remember.

Each host gives seconds an iteration for a row of repetitions, in the order in which they were made. A repetition is the
median of samples that belong to one process, so that what a process has in common does not average out.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bench.launch.plan import REPETITIONS_PER_PROBE

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
SAMPLES = 20
LATENCY_S = 0.1


class Host(NamedTuple):
    """A kind of host.

    Attributes:
        path: Logarithm of the host's own slowness at each repetition; its probes see it too.
        process: Logarithm of what each process adds.
    """

    path: Callable[[np.random.Generator, int], Array]
    process: Callable[[np.random.Generator, int], Array]


def steady_path(_rng: np.random.Generator, count: int) -> Array:
    """A host that never changes."""
    return np.zeros(count)


def drifting_path(rng: np.random.Generator, count: int) -> Array:
    """Slower by up to 10% from end to end, and a random walk on top."""
    return np.linspace(0, rng.uniform(-0.1, 0.1), count) + np.cumsum(rng.normal(0, 0.003, count))


def neighbour_path(rng: np.random.Generator, count: int) -> Array:
    """A neighbour that stays for ten repetitions or so, is away for as many, and takes 10% while it is there."""
    return _visit(rng, count, change=0.1)


def lasting_neighbour_path(rng: np.random.Generator, count: int) -> Array:
    """The same, and it stays for fifty."""
    return _visit(rng, count, change=0.02)


def _visit(rng: np.random.Generator, count: int, *, change: float) -> Array:
    switched = np.cumsum(rng.random(count) < change) + rng.integers(2)
    return 0.1 * (switched % 2).astype(np.float64)


def normal_process(rng: np.random.Generator, count: int) -> Array:
    """2% of scatter."""
    return rng.normal(0, 0.02, count)


def two_speeds_process(rng: np.random.Generator, count: int) -> Array:
    """Half of all processes are 8% slower, as where memory came to lie decides."""
    return rng.normal(0, 0.003, count) + 0.08 * (rng.random(count) < 0.5)


def rarely_slow_process(rng: np.random.Generator, count: int) -> Array:
    """One process in ten is 15% slower."""
    return rng.normal(0, 0.005, count) + 0.15 * (rng.random(count) < 0.1)


def heavy_tailed_process(rng: np.random.Generator, count: int) -> Array:
    """Student's t with two degrees of freedom: no variance at all."""
    return 0.01 * rng.standard_t(2, count)


def correlated_process(rng: np.random.Generator, count: int) -> Array:
    """Samples within a process follow one another, so that its median wanders far more than they scatter."""
    steps = rng.normal(0, 0.004, (count, SAMPLES))
    for at in range(1, SAMPLES):
        steps[:, at] += 0.98 * steps[:, at - 1]
    return np.median(steps, axis=1)


HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        "normal": Host(steady_path, normal_process),
        "two speeds": Host(steady_path, two_speeds_process),
        "rarely slow": Host(steady_path, rarely_slow_process),
        "heavy tails": Host(steady_path, heavy_tailed_process),
        "correlated": Host(steady_path, correlated_process),
        "drifting": Host(drifting_path, normal_process),
        "neighbour": Host(neighbour_path, normal_process),
        "lasting neighbour": Host(lasting_neighbour_path, normal_process),
    }
)


class Pair(NamedTuple):
    """Both sides of a comparison, and by how much the probes of the new run are slower; 1.0 if there is but one run."""

    base_s: Array
    new_s: Array
    moved_ratio: float


def interleave(host: Host, rng: np.random.Generator, repetitions: int, effect: float) -> Pair:
    """Repetitions in ABBA order on one stretch of the host's path."""
    count = 2 * repetitions
    seconds = LATENCY_S * np.exp(host.path(rng, count) + host.process(rng, count)).reshape(repetitions, 2)
    swapped = np.arange(repetitions) % 2 == 1
    seconds[swapped] = seconds[swapped, ::-1]
    return Pair(seconds[:, 0], seconds[:, 1] * (1 + effect), 1.0)


def run_apart(host: Host, rng: np.random.Generator, repetitions: int, effect: float) -> Pair:
    """One run after another; each ends where five to `repetitions` of its own agree to 1%, as runs do.

    As in a run, a probe comes first, after every so many repetitions and last. It sees the host's path with half a
    percent of noise.
    """
    count = 2 * repetitions
    path = host.path(rng, count)
    seconds = LATENCY_S * np.exp(path + host.process(rng, count))
    sides, probes = [], []
    for of_run in (slice(0, repetitions), slice(repetitions, count)):
        made = stop_when_precise(seconds[of_run])
        at = sorted({*range(0, len(made), REPETITIONS_PER_PROBE), len(made) - 1})
        sides.append(made)
        probes.append(np.median(path[of_run][at] + rng.normal(0, 0.005, len(at))))
    base, new = sides
    return Pair(base, new * (1 + effect), float(np.exp(probes[1] - probes[0])))


def stop_when_precise(seconds: Array) -> Array:
    """The first repetitions, at least five, whose mean's 95% interval is within 1%."""
    for count in range(5, len(seconds)):
        part = seconds[:count]
        if 1.96 * part.std() / count**0.5 / part.mean() < 0.01:
            return part
    return seconds
