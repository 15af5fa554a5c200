"""The diagnosis of a host: what makes numbers scatter or slow, as data."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.machine import Count
from bench.records.reason import Reason
from bench.records.record import Record

Severity = Literal["scatter", "slow", "missing", "unknown", "fine"]
Subject = Literal[
    "emulation",
    "governor",
    "boost",
    "smt",
    "huge_pages",
    "numa_balancing",
    "aslr",
    "clock",
    "timer_slack",
    "hypervisor",
    "cpu_quota",
    "memory",
    "swap",
    "load",
    "limits",
    "perf_counters",
    "neighbours",
    "openmp",
    "allocator",
    "compiler",
    "docker",
    "results_folder",
]
Share = Annotated[float, Meta(ge=0)]


class Cost(Record, frozen=True, kw_only=True):
    """What a finding costs, where that is known.

    Attributes:
        effect: What grows: the time of a call, the variance between repetitions, or the standard deviation between runs.
        low_ratio, high_ratio: By which share of it; equal for a single figure. A `run_scatter` is itself this share of
            the median.
        source: Where the figure is from: a file of this project with its section, or `this host`.
    """

    effect: Literal["time", "variance", "run_scatter"]
    low_ratio: Share
    high_ratio: Share
    source: str


class Finding(Record, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        subject: What was looked at.
        severity: `scatter`: numbers vary more than they must. `slow`: they are lower than this host's best. `missing`:
            a run lacks something. `unknown`: the kernel does not show it here. `fine`: none of these.
        reason: The code with its values; its sentence is in `bench.report.reasons_doctor`.
        cost: None if it is not known.
    """

    subject: Subject
    severity: Severity
    reason: Reason
    cost: Cost | None = None


class ProbedCpu(Record, frozen=True, kw_only=True):
    """What the probe saw of one logical CPU.

    Attributes:
        cpu: Its number.
        steal_ratio: Share of time that the hypervisor gave to others; None if the kernel does not show it.
        foreign_ratio: Share of time that other processes and the kernel used; None likewise.
        median_ns, best_ns: Of the times of the fixed loop.
        spread_ratio: By which share the slowest tenth of the times begins above the median.
    """

    cpu: Count
    steal_ratio: Share | None
    foreign_ratio: Share | None
    median_ns: Count
    best_ns: Count
    spread_ratio: Share


class NeighbourProbe(Record, frozen=True, kw_only=True):
    """A probe for noisy neighbours: a fixed short loop on each allowed CPU in turn, with sleeps between.

    Attributes:
        elapsed_s: How long it took.
        rounds: How often each CPU ran the loop.
        cpus: By number.
    """

    elapsed_s: Annotated[float, Meta(ge=0)]
    rounds: Annotated[int, Meta(ge=1)]
    cpus: Annotated[tuple[ProbedCpu, ...], Meta(min_length=1)]


class Diagnosis(Record, frozen=True, kw_only=True):
    """What `bench doctor` prints.

    Attributes:
        findings: Several of a subject are possible; in the order in which they are made.
        probe: None if there was none.
    """

    findings: tuple[Finding, ...]
    probe: NeighbourProbe | None
