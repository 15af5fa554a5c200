"""Put runs together: runs of one machine, machines of one class. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from operator import attrgetter

from bench.errors import UsageError
from bench.records.digest import Digest
from bench.records.reason import Reason
from bench.stats.odd_machines import Value
from bench.triage.run import FleetRun

_MEMORY_STEP_RATIO = 1.02
"""Machines whose memory differs by more are of two classes: a kernel reserves less than 2%, a missing module is more."""

_DIGITS = 32
"""Of a digest, that tell two runs apart, also where somebody makes runs until two have the same: 128 bits."""

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class FleetMachine:
    """All runs of one machine.

    Attributes:
        name: Of the host, or of its only run.
        facts: Of its class.
        runs: Sorted by run.
    """

    name: str
    facts: Facts
    runs: tuple[FleetRun, ...]

    @property
    def emulated(self) -> bool:
        """Nothing that it measured counts."""
        return any(run.emulated for run in self.runs)

    @property
    def cells(self) -> dict[str, Value]:
        """The mean of each cell over the runs that have a number of it."""
        found: dict[str, list[Value]] = {}
        for run in self.runs:
            for label, cell in run.cells.items():
                if cell.value is not None:
                    found.setdefault(label, []).append(cell.value)
        return {label: _average(values) for label, values in found.items()}


def _average(values: Sequence[Value]) -> Value:
    count = len(values)
    return Value(sum(value.log for value in values) / count, sum(value.variance for value in values) / count**2)


def drop_copies(runs: Iterable[FleetRun]) -> list[FleetRun]:
    """Return runs sorted, each once: the same bundle may be given twice, and a redacted one beside the whole.

    Raises:
        UsageError: the same measurements were sealed as two runs, so that a machine would count twice.
    """
    kept: dict[str, FleetRun] = {}
    sealed: dict[str, str] = {}
    for run in sorted(runs, key=lambda run: (run.name.run_id, run.name.digest, not run.host_name)):
        kept.setdefault(run.name.digest, run)
        if run.samples is not None:
            other = sealed.setdefault(run.samples, run.name.digest)
            if other != run.name.digest:
                raise UsageError(
                    f"{_describe(kept[other])} and {_describe(run)} hold the same measurements; each counts once, so leave "
                    "one out"
                )
    return list(kept.values())


def _describe(run: FleetRun) -> str:
    return f"run {run.name.run_id} ({_shorten(run)})"


def _shorten(run: FleetRun) -> str:
    """Return the beginning of a run's digest, which tells it from any other."""
    return run.name.digest.removeprefix("sha256:")[:_DIGITS]


def gather_machines(
    runs: Sequence[FleetRun], facts: Mapping[Digest, Facts]
) -> tuple[list[FleetMachine], tuple[Reason, ...]]:
    """Return the machines that some runs are of, sorted by name, and what a reader must know of that.

    Runs of one host name and class are of one machine, unless they overlap in time: a machine makes one run at a time, so
    that several machines have that name, as containers may. Each of those runs is a machine by itself then.

    Args:
        runs: Each once.
        facts: As of `find_facts`.
    """
    machines: list[FleetMachine] = []
    notes: list[Reason] = []
    order = {run.name.digest: (run.host_name, facts[run.name.digest]) for run in runs}
    ordered = sorted(runs, key=lambda run: (*order[run.name.digest], run.started_at, run.name.run_id))
    for (name, own), group in groupby(ordered, key=lambda run: order[run.name.digest]):
        of_name = list(group)
        shared = any(later.started_at < earlier.finished_at for earlier, later in pairwise(of_name))
        if shared and name:
            notes.append(Reason(code="shared_host_name", values={"name": name, "runs": str(len(of_name))}))
        if name and not shared:
            machines.append(FleetMachine(name=name, facts=own, runs=tuple(of_name)))
        else:
            machines += (FleetMachine(name=run.name.run_id, facts=own, runs=(run,)) for run in of_name)
    return sorted(_tell_apart(machines), key=attrgetter("name")), tuple(notes)


def _tell_apart(machines: Sequence[FleetMachine]) -> list[FleetMachine]:
    """Return machines of which no two of a class have one name: those that do also get the digest of their first run.

    Of ten thousand runs that start in one second, two have the same id in one fleet of a hundred.
    """
    counts = Counter((machine.name, machine.facts) for machine in machines)
    return [
        machine if counts[machine.name, machine.facts] == 1 else replace(machine, name=_name_by_digest(machine))
        for machine in machines
    ]


def _name_by_digest(machine: FleetMachine) -> str:
    return f"{machine.name} ({_shorten(machine.runs[0])})"


def group_by_class(machines: Iterable[FleetMachine]) -> list[list[FleetMachine]]:
    """Return machines by class, the largest first."""
    classes: dict[Facts, list[FleetMachine]] = {}
    for machine in machines:
        classes.setdefault(machine.facts, []).append(machine)
    return [classes[facts] for facts in sorted(classes, key=lambda facts: (-len(classes[facts]), facts))]


def find_facts(runs: Sequence[FleetRun]) -> dict[Digest, Facts]:
    """Return the facts of each run's class, by its digest: its own, and how much memory it has, about."""
    about: dict[int, int] = {}
    previous = first = 0
    for size in sorted({run.memory_bytes for run in runs}):
        if size > _MEMORY_STEP_RATIO * previous:
            first = size
        about[size], previous = first, size
    return {
        run.name.digest: tuple(
            sorted({**run.facts, "memory": f"{about[run.memory_bytes] / (1 << 30):.1f} GiB"}.items())
        )
        for run in runs
    }
