"""Synthetic hosts: how long repetitions take on machines that drift, have a noisy neighbour, or run at two speeds.

A host gives seconds an iteration for the repetitions of several cells in several runs, in the order in which they were
measured. A repetition is the median of samples of one process, so that what a process has in common does not average
out. Cells of one run share its path, and its offset in part.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bench.launch.plan import REPETITIONS_PER_PROBE

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Shape = tuple[int, int]
SAMPLES = 20
LATENCY_S = 0.1
PROBE_SCATTER = 0.005
OFFSET_CORRELATION = 0.5
"""Between cells of one run, of the offset of that run: its time of day is theirs, its memory layout each one's own."""


class Host(NamedTuple):
    """A kind of host.

    Attributes:
        path: Logarithm of the host's own slowness in each round of repetitions; its probes see it too.
        process: Logarithm of what each process adds, shape (cells, repetitions).
        probe: Logarithm of what each probe adds.
        offset: Factor of the scatter between runs, for each cell.
    """

    path: Callable[[np.random.Generator, int], Array]
    process: Callable[[np.random.Generator, Shape], Array]
    probe: Callable[[np.random.Generator, int], Array] = lambda rng, count: rng.normal(0, PROBE_SCATTER, count)
    offset: Callable[[np.random.Generator, int], Array] = lambda _rng, cells: np.ones(cells)


def steady_path(_rng: np.random.Generator, count: int) -> Array:
    """A host that never changes."""
    return np.zeros(count)


def drifting_path(rng: np.random.Generator, count: int) -> Array:
    """Slower or faster by up to 10% from end to end, with a random walk on top."""
    return np.linspace(0, rng.uniform(-0.1, 0.1), count) + np.cumsum(rng.normal(0, 0.003, count))


def noisy_neighbour_path(rng: np.random.Generator, count: int) -> Array:
    """A noisy neighbour that takes 10%, stays for ten rounds or so, and is away for as many."""
    return _switch(rng, count, change=0.1)


def lasting_neighbour_path(rng: np.random.Generator, count: int) -> Array:
    """A noisy neighbour that stays for fifty rounds."""
    return _switch(rng, count, change=0.02)


def _switch(rng: np.random.Generator, count: int, *, change: float) -> Array:
    switched = np.cumsum(rng.random(count) < change) + rng.integers(2)
    return 0.1 * (switched % 2).astype(np.float64)


def normal_process(rng: np.random.Generator, shape: Shape) -> Array:
    """2% of scatter."""
    return rng.normal(0, 0.02, shape)


def calm_process(rng: np.random.Generator, shape: Shape) -> Array:
    """1% of scatter."""
    return rng.normal(0, 0.01, shape)


def mixed_process(rng: np.random.Generator, shape: Shape) -> Array:
    """One cell in four scatters by 4%, the others by 0.5%."""
    return rng.normal(0, 1, shape) * np.where(rng.random((shape[0], 1)) < 0.25, 0.04, 0.005)


def mixed_offset(rng: np.random.Generator, cells: int) -> Array:
    """One cell in four has the scatter between runs that is given, the others a sixth of it."""
    return np.where(rng.random(cells) < 0.25, 1.0, 1 / 6)


def two_speeds_process(rng: np.random.Generator, shape: Shape) -> Array:
    """Half of all processes are 8% slower, for example because of where their memory lies."""
    return rng.normal(0, 0.003, shape) + 0.08 * (rng.random(shape) < 0.5)


def rarely_slow_process(rng: np.random.Generator, shape: Shape) -> Array:
    """One process in ten is 15% slower."""
    return rng.normal(0, 0.005, shape) + 0.15 * (rng.random(shape) < 0.1)


def heavy_tailed_process(rng: np.random.Generator, shape: Shape) -> Array:
    """Student's t with two degrees of freedom, which has no variance."""
    return 0.01 * rng.standard_t(2, shape)


def correlated_process(rng: np.random.Generator, shape: Shape) -> Array:
    """Samples of one process are autocorrelated, so that its median varies far more than they scatter."""
    steps = rng.normal(0, 0.004, (*shape, SAMPLES))
    for at in range(1, SAMPLES):
        steps[..., at] += 0.98 * steps[..., at - 1]
    return np.median(steps, axis=-1)


def flipping_probe(rng: np.random.Generator, count: int) -> Array:
    """One probe in three is 1.7 times as slow, as memory bandwidth was measured to be on an EPYC guest."""
    return rng.normal(0, 0.03, count) + np.log(1.7) * (rng.random(count) < 1 / 3)


HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        "normal": Host(steady_path, normal_process),
        "calm": Host(steady_path, calm_process),
        "mixed": Host(steady_path, mixed_process, offset=mixed_offset),
        "two speeds": Host(steady_path, two_speeds_process),
        "rarely slow": Host(steady_path, rarely_slow_process),
        "heavy tails": Host(steady_path, heavy_tailed_process),
        "correlated": Host(steady_path, correlated_process),
        "drifting": Host(drifting_path, normal_process),
        "noisy neighbour": Host(noisy_neighbour_path, normal_process),
        "lasting neighbour": Host(lasting_neighbour_path, normal_process),
        "flipping probes": Host(steady_path, normal_process, flipping_probe),
    }
)


class Run(NamedTuple):
    """One run.

    Attributes:
        seconds: An iteration of each repetition, of each cell.
        probes: Seconds of each probe.
    """

    seconds: list[list[float]]
    probes: list[float]


def interleave(host: Host, rng: np.random.Generator, cells: int, repetitions: int) -> tuple[Array, Array]:
    """Return both sides of repetitions in ABBA order on one stretch of the host's path, shape (cells, repetitions)."""
    count = 2 * repetitions
    logs = host.path(rng, count) + host.process(rng, (cells, count))
    seconds = LATENCY_S * np.exp(logs).reshape(cells, repetitions, 2)
    swapped = np.arange(repetitions) % 2 == 1
    seconds[:, swapped] = seconds[:, swapped, ::-1]
    return seconds[..., 0], seconds[..., 1]


def make_runs(  # noqa: PLR0917 - a row of a table
    host: Host, rng: np.random.Generator, runs: int, cells: int, repetitions: int, run_scatter: float
) -> list[Run]:
    """Return several runs of the same thing. Two that follow one another share a stretch of the host's path.

    As in a run, a probe comes first, after every so many repetitions, and last.
    """
    paths = np.concatenate([host.path(rng, 2 * repetitions) for _ in range((runs + 1) // 2)])
    processes = host.process(rng, (cells, runs * repetitions))
    offsets = OFFSET_CORRELATION**0.5 * rng.normal(0, run_scatter, (runs, 1))
    offsets = offsets + (1 - OFFSET_CORRELATION) ** 0.5 * rng.normal(0, run_scatter, (runs, cells))
    offsets *= host.offset(rng, cells)
    made = []
    for number in range(runs):
        part = slice(number * repetitions, (number + 1) * repetitions)
        path = paths[part]
        seconds = LATENCY_S * np.exp(path + processes[:, part] + offsets[number][:, None])
        measured = [stop_when_precise(cell) for cell in seconds]
        count = sum(map(len, measured))
        at = np.array([*range(0, count, REPETITIONS_PER_PROBE), count]) * max(map(len, measured)) // (count + 1)
        probes = np.exp(path[at] + host.probe(rng, len(at)))
        made.append(Run(measured, probes.tolist()))
    return made


def stop_when_precise(seconds: Array) -> list[float]:
    """Return the first repetitions, at least five, whose mean's 95% interval is within 1%."""
    for count in range(5, len(seconds)):
        part = seconds[:count]
        if 1.96 * part.std() / count**0.5 / part.mean() < 0.01:
            return part.tolist()
    return seconds.tolist()
