"""Make findings; the figures of what they cost."""

from typing import Final

from bench.records.diagnosis import Cost, Finding, Severity, Subject
from bench.records.reason import Reason

ASLR_COST: Final = Cost(
    effect="variance",
    low_ratio=0.0,
    high_ratio=0.72,
    source="tests/benchmarks/README.md: fresh processes or forked ones",
)
"""Repetitions that share one memory layout had 0.76 (0.58 to 1.00) times the variance of those with their own: 1 / 0.58
is 1.72."""

GUEST_COST: Final = Cost(
    effect="run_scatter",
    low_ratio=0.0155,
    high_ratio=0.0155,
    source="tests/benchmarks/README.md: bench calibrate on a guest of two CPUs",
)
"""Three runs on a guest with two CPUs, three cells of `resnet50`."""

BUSY_CPU_COST: Final = Cost(
    effect="time",
    low_ratio=1.0,
    high_ratio=1.0,
    source="tests/benchmarks/README.md: a program held one of two CPUs",
)
"""While another program held one of two CPUs, both probes took 2.0 times as long."""

NO_TIME_COST: Final = Cost(effect="time", low_ratio=0.0, high_ratio=0.0, source="nothing that is timed uses it")
"""Performance counters and the engine are not used in a timed part, and the journal is written between repetitions."""

HERE: Final = "this host"
"""The source of a figure that the probe measured."""


def make_finding(
    subject: Subject, severity: Severity, code: str, cost: Cost | None = None, /, **values: str
) -> Finding:
    """Return a finding.

    Args:
        subject: What was looked at.
        severity: How it is.
        code: Of the reason.
        cost: None if it is not known.
        values: Of the reason.
    """
    return Finding(subject=subject, severity=severity, reason=Reason(code=code, values=values), cost=cost)


def make_unknown(subject: Subject, path: str) -> Finding:
    """Return a finding of what the kernel does not show: never `fine`.

    Args:
        subject: What was looked at.
        path: Where the kernel would show it.
    """
    return make_finding(subject, "unknown", "not_shown", path=path)
