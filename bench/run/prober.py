"""When a run probes its host, and what is recorded of it (`bench.run.probes` plans what one probe measures)."""

from collections.abc import Callable, Mapping, Sequence

from bench.bundle.timestamp import format_timestamp
from bench.launch.failure import WorkerFailedError
from bench.launch.plan import PROBE_EVERY_S, REPETITIONS_PER_PROBE, probe_pause_s
from bench.records.probe import Probe
from bench.records.profile import Layout
from bench.run.clock import RunClock
from bench.run.jobs import JobBuilder, RepetitionRequest
from bench.run.journal import Journal, ProbeEntry
from bench.run.pace import Pace
from bench.stats.drift import is_probe_odd
from bench.stats.order import ScheduledRepetition


class Prober:
    """Takes the probes of one session."""

    def __init__(
        self,
        journal: Journal,
        jobs: JobBuilder,
        partners: Mapping[str, Sequence[str]],
        *,
        report_probe: Callable[[], None],
        pace: Pace,
        run_clock: RunClock,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            journal: Gets the probes.
            jobs: Of the session.
            partners: Cell → the cells that it is compared with.
            report_probe: Called before each probe of a layout.
            pace: The clock of the session; gets the seconds of probes.
            run_clock: The time of day.
        """
        self._journal = journal
        self._jobs = jobs
        self._partners = partners
        self._report_probe = report_probe
        self._pace = pace
        self._run_clock = run_clock
        self._repetitions_since: int | None = None
        self._probed_at = pace.elapsed_s
        self._once_s = 0.0

    def count_repetition(self) -> None:
        """Count a repetition that begins after the last probe."""
        self._repetitions_since = (self._repetitions_since or 0) + 1

    @property
    def came_last(self) -> bool:
        """Whether no repetition of this session has begun since its last probe."""
        return self._repetitions_since == 0

    def is_due(self, scheduled: ScheduledRepetition) -> bool:
        """Return whether a probe comes before a repetition: first in a session, then now and again, never within a pair.

        A block of more cells may take longer than the host stays the same: there a probe may come between them.
        """
        if self._repetitions_since is None:
            return True
        partners = self._partners[scheduled.cell.id]
        if len(partners) == 1 and self._journal.last_scheduled == (scheduled.round, partners[0]):
            return False
        since_s = self._pace.elapsed_s - self._probed_at
        enough = self._repetitions_since >= REPETITIONS_PER_PROBE and since_s >= probe_pause_s(self._once_s)
        return enough or (since_s >= PROBE_EVERY_S and self._repetitions_since > 0)

    def probe(self, layouts: Sequence[Layout], then: Sequence[RepetitionRequest]) -> None:
        """Probe every layout. A probe that fails leaves a cell without a peak, and nothing else.

        All peaks are measured by the first probe of a session and by the last one, and the best counts: a host that is
        busy for a second at one of them then makes no peak too low. The other probes only show drift.

        Args:
            layouts: Of the plan.
            then: The next repetitions; none before the last probe.
        """
        peaks = self._repetitions_since is None or not then
        began_s = self._pace.elapsed_s
        for layout in layouts:
            self._probe_layout(layout, then, peaks=peaks)
        once_s = self._pace.elapsed_s - began_s
        for layout in layouts:
            # Once more where the host, or only this probe of it, was slow: the better of both counts.
            if is_probe_odd(self._journal.probes(), layout.name):
                self._probe_layout(layout, then, peaks=peaks)
        self._repetitions_since = 0
        self._probed_at = self._pace.elapsed_s
        if not peaks:  # which take longer
            self._once_s = once_s
            self._pace.add_probe(self._probed_at - began_s)

    def _probe_layout(self, layout: Layout, then: Sequence[RepetitionRequest], *, peaks: bool) -> None:
        self._report_probe()
        started_at = format_timestamp(self._run_clock.now())
        try:
            instances = self._jobs.probe(layout, peaks=peaks, then=then)
        except WorkerFailedError:
            return
        probe = Probe(layout=layout.name, sequence=self._journal.sequence, started_at=started_at, instances=instances)
        self._journal.add(ProbeEntry(probe=probe))
