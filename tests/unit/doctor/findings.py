"""A quiet machine whose kernel shows everything, and one whose kernel shows nothing; tests change what they are about."""

from collections.abc import Iterable

import msgspec

from bench.hardware.readings import ProcessLimits, Readings
from bench.records.diagnosis import Finding
from bench.records.machine import Machine
from tests.builders import make_machine

READINGS = Readings(
    clocksource="tsc",
    timer_slack_ns=50_000,
    personality=0,
    cpu_counters=True,
    perf_event_paranoid=2,
    load_1min=0.05,
    available_memory_bytes=16 << 30,
    swap_bytes=0,
    used_swap_bytes=0,
    limits_shown=True,
    limits=ProcessLimits(open_files=1024),
)

NOTHING_READ = Readings(
    clocksource=None,
    timer_slack_ns=None,
    personality=None,
    cpu_counters=None,
    perf_event_paranoid=None,
    load_1min=None,
    available_memory_bytes=None,
    swap_bytes=None,
    used_swap_bytes=None,
    limits_shown=False,
    limits=ProcessLimits(),
)


def change(machine: Machine, part: str, **values: object) -> Machine:
    """Return a machine with other values in one of its parts."""
    return msgspec.structs.replace(machine, **{part: msgspec.structs.replace(getattr(machine, part), **values)})


QUIET = change(make_machine(), "settings", boost=False)


def pick(findings: Iterable[Finding], subject: str) -> list[tuple[str, str]]:
    """Severity and code of each finding about a subject."""
    return [(finding.severity, finding.reason.code) for finding in findings if finding.subject == subject]
