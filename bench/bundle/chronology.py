"""Check that everything a bundle records fits into the time of the run.

Two clocks show it. The run's clock, cut to seconds, says when the run, each repetition and each probe began. It reads
the wall clock once and counts on from there (`bench.run.clock`), so a wall clock that is set meanwhile is accepted.
Samples are timed by the host's monotonic clock. The two are never compared directly. A duration by one clock is
compared with the time available by the other, so a suspended host, or a run resumed after a reboot, is accepted.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise

from bench.bundle.timestamp import format_timestamp, parse_timestamp
from bench.errors import BundleError
from bench.records.bundle import BundleInfo, Contents
from bench.records.measurement import InstanceResult, Measurement, Repetition

_CLOCK_SLACK_S = 2.0
"""Times of day are cut to whole seconds."""

_CLOCK_SLEW_RATIO = 1e-3
"""The run's clock is slewed by at most 500 ppm (Linux adjtimex); samples are timed by the monotonic one."""

Span = tuple[int, int]
"""First start and last end of a repetition's samples, nanoseconds of the monotonic clock."""


FUTURE_LIMIT = timedelta(days=1)
"""Clocks of hosts without a time service are wrong by minutes; a day is also more than any time zone."""


def check_date(info: BundleInfo, now: datetime) -> None:
    """Refuse a run from the future.

    Args:
        info: Of the run.
        now: By the reader's clock.

    Raises:
        BundleError: says both times.
    """
    if parse_timestamp(info.finished_at, source="bundle.json") - now > FUTURE_LIMIT:
        raise BundleError(
            f"the run finished at {info.finished_at}, which is in the future: it is {format_timestamp(now)} by the clock of "
            "this host; set the clock if it is wrong"
        )


def check_chronology(contents: Contents) -> None:
    """Refuse a run that records more than its time allowed, or whose parts are out of order.

    Raises:
        BundleError: says what does not fit into what.
    """
    info = contents.info
    started = parse_timestamp(info.started_at, source="bundle.json")
    finished = parse_timestamp(info.finished_at, source="bundle.json")
    if finished < started:
        raise BundleError(f"the run finished at {info.finished_at}, before it started at {info.started_at}")
    if not info.run_id.startswith(f"{started:%Y%m%dT%H%M%SZ}-"):
        raise BundleError(f"the run is named {info.run_id}, but started at {info.started_at}")
    spans = list(_spans(contents.measurements))
    _check_busy(spans, (finished - started).total_seconds())
    if not info.resumed:  # a reboot begins the monotonic clock anew
        _check_apart(spans)
    _check_moments(contents, started, finished)


def _check_busy(spans: Sequence[Span], wall_s: float) -> None:
    busy_s = sum(end - start for start, end in spans) / 1e9
    if not _fits(busy_s, wall_s):
        raise BundleError(f"repetitions took {busy_s:.1f} s, but the run lasted only {wall_s:.1f} s")


def _check_apart(spans: Sequence[Span]) -> None:
    for (earlier_start, earlier_end), (later_start, _) in pairwise(spans):
        if later_start < earlier_end:
            raise BundleError(
                f"the repetition that starts at {later_start} ns follows one that lasts from {earlier_start} "
                f"to {earlier_end} ns: they overlap, or are not in sequence"
            )


def _check_moments(contents: Contents, started: datetime, finished: datetime) -> None:
    """Refuse a repetition whose workers had less time, until the next event, than they say they worked."""
    moments = sorted(_moments(contents), key=lambda moment: moment[:2])
    for (began, busy_s, where), (later, _, _) in pairwise([*moments, (finished, 0.0, "the end")]):
        if not _fits(0.0, (began - started).total_seconds()):
            raise BundleError(f"{where} began at {began:%H:%M:%S}, before the run at {contents.info.started_at}")
        left_s = (later - began).total_seconds()
        if not _fits(busy_s, left_s):
            raise BundleError(f"{where}: its workers were busy for {busy_s:.1f} s, but had only {left_s:.1f} s")


def _moments(contents: Contents) -> Iterator[tuple[datetime, float, str]]:
    """Yield when each repetition and probe began, the least seconds that it took, and its name."""
    for measurement in contents.measurements:
        previous: datetime | None = None
        for repetition in measurement.repetitions:
            where = f"cell {measurement.cell}, repetition {repetition.index}"
            began = parse_timestamp(repetition.started_at, source=where)
            if previous is not None and not _fits(0.0, (began - previous).total_seconds()):
                raise BundleError(f"{where} began at {began:%H:%M:%S}, before the one that it follows")
            previous = began
            yield began, max(map(_work_s, repetition.instances), default=0.0), where
    for probe in contents.probes:
        where = f"a probe of layout {probe.layout!r}"
        yield parse_timestamp(probe.started_at, source=where), 0.0, where


def _work_s(instance: InstanceResult) -> float:
    """Return the least seconds that a worker worked.

    `import_s` is left out, since libraries may have been loaded during the repetition before; so is `compile_s`, which
    another process may have spent.
    """
    cold_s = instance.build_s + instance.prepare_s + instance.load_s + instance.first_call_s
    span = _span([instance])
    return cold_s + (0.0 if span is None else (span[1] - span[0]) / 1e9)


def _spans(measurements: Sequence[Measurement]) -> Iterator[Span]:
    """Yield the spans of all repetitions that have samples, in the sequence in which they were made."""
    every: Iterator[Repetition] = chain.from_iterable(measurement.repetitions for measurement in measurements)
    repetitions = sorted(every, key=lambda repetition: repetition.sequence)
    return (span for repetition in repetitions if (span := _span(repetition.instances)) is not None)


def _span(instances: Sequence[InstanceResult]) -> Span | None:
    """Return the span from the first to the last sample, None without samples. Within an instance they ascend."""
    series = [part for instance in instances for part in (instance.warmup, instance.samples) if part]
    if not series:
        return None
    return min(part[0].start_ns for part in series), max(part[-1].start_ns + part[-1].elapsed_ns for part in series)


def _fits(needed_s: float, there_s: float) -> bool:
    return needed_s * (1 - _CLOCK_SLEW_RATIO) <= there_s + _CLOCK_SLACK_S
