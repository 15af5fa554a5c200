"""The journal: every repetition is on disk before the next one begins, so that a run can be resumed.

A folder `<run id>.run` holds `session.json`, written once, and `journal.jsonl`, a line an entry, each
synced. A line that was cut off by a crash was never finished: it is dropped and measured again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec

from bench.bundle.image import describe_image
from bench.bundle.sync import sync
from bench.errors import OutputError, UsageError
from bench.records.bundle import RUN_SUFFIX, RunId, Timestamp
from bench.records.digest import Digest
from bench.records.measurement import Failure, Measurement, Repetition
from bench.records.plan import CellId
from bench.records.probe import Probe
from bench.records.record import Record, decode_json, encode_json, encode_json_line
from bench.records.text import Note
from bench.run.continuation import say_how_to_go_on
from bench.run.continuity import Software
from bench.run.lock import locked
from bench.run.prepare import Decision
from bench.stats.noise import mark_invalid


class Session(Record, frozen=True, kw_only=True):
    """`session.json`: what the run was when it began.

    Attributes:
        note: The user's, for the bundle.
        source_digest: Of bench itself: another program must not go on with the run.
        software: Image, interpreter and packages: others must not go on with it either.
    """

    run_id: RunId
    started_at: Timestamp
    decision: Decision
    source_digest: Digest
    software: Software
    note: Note | None = None


class RepetitionEntry(msgspec.Struct, frozen=True, kw_only=True, tag="repetition"):
    """A repetition has ended.

    Attributes:
        ended_at: By the run's clock.
    """

    cell: CellId
    repetition: Repetition
    ended_at: Timestamp


class ProbeEntry(msgspec.Struct, frozen=True, kw_only=True, tag="probe"):
    """A probe has ended."""

    probe: Probe


class CellEntry(msgspec.Struct, frozen=True, kw_only=True, tag="cell"):
    """A cell is finished."""

    cell: CellId
    stopped: str
    failure: Failure | None = None


class ReopenEntry(msgspec.Struct, frozen=True, kw_only=True, tag="reopen"):
    """A finished cell gets more repetitions: a later probe showed that the host had been slow, and voided some."""

    cell: CellId


class ResumeEntry(msgspec.Struct, frozen=True, kw_only=True, tag="resume"):
    """The run was resumed."""

    resumed_at: Timestamp


Entry = RepetitionEntry | ProbeEntry | CellEntry | ReopenEntry | ResumeEntry

_DECODER = msgspec.json.Decoder(Entry)


class Journal:
    """An open journal: holds what was measured so far, and takes new entries."""

    def __init__(self, folder: Path, session: Session, stream: FileIO, entries: list[Entry]) -> None:
        self.folder = folder
        self.session = session
        self.entries: list[Entry] = []
        self._stream = stream
        self._repetitions: dict[str, list[Repetition]] = {}
        self._probes: list[Probe] = []
        self._finished: dict[str, CellEntry] = {}
        self._last: tuple[int, str] | None = None
        for entry in entries:
            self._take(entry)

    def add(self, entry: Entry) -> None:
        """Write an entry and wait until it is on disk.

        Raises:
            OutputError: it cannot be written, and earlier entries are intact; or the journal was removed.
        """
        try:
            _write_all(self._stream, encode_json_line(entry))
            sync(self._stream.fileno())
        except OSError as error:
            raise OutputError(
                f"{self.folder}: cannot write the journal: {error.strerror}; "
                f"make room, then go on with: {self.command_to_go_on}"
            ) from error
        self._require_kept()
        self._take(entry)

    @property
    def command_to_go_on(self) -> str:
        """What the user types to go on with the run.

        Raises:
            OutputError: the journal was removed, so that nobody can.
        """
        self._require_kept()
        return say_how_to_go_on(self.session.decision, describe_image(), self.folder)

    def _require_kept(self) -> None:
        if os.fstat(self._stream.fileno()).st_nlink == 0:
            raise OutputError(
                f"{self.folder}: its journal was removed while the run measured, and what was measured with it; run it again"
            )

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        match entry:
            case RepetitionEntry(cell=cell, repetition=repetition):
                self._repetitions.setdefault(cell, []).append(repetition)
                self._last = (repetition.round, cell)
            case ProbeEntry(probe=probe):
                self._probes.append(probe)
            case CellEntry(cell=cell):
                self._finished[cell] = entry
            case ReopenEntry(cell=cell):
                del self._finished[cell]
            case ResumeEntry():
                pass

    @property
    def sequence(self) -> int:
        """The place of the next repetition or probe."""
        return sum(map(len, self._repetitions.values())) + len(self._probes)

    @property
    def last_scheduled(self) -> tuple[int, str] | None:
        """Round and cell of the last repetition."""
        return self._last

    @property
    def last_moment(self) -> str:
        """The latest time that the run recorded, RFC 3339, UTC."""
        moments = [self.session.started_at, *(probe.started_at for probe in self._probes)]
        moments += [entry.ended_at for entry in self.entries if isinstance(entry, RepetitionEntry)]
        moments += [entry.resumed_at for entry in self.entries if isinstance(entry, ResumeEntry)]
        return max(moments)  # one format and one zone, so text sorts by time

    @property
    def resumed(self) -> int:
        """How often the run was resumed."""
        return sum(isinstance(entry, ResumeEntry) for entry in self.entries)

    def repetitions(self, cell: str) -> tuple[Repetition, ...]:
        """The cell's repetitions so far."""
        return tuple(self._repetitions.get(cell, ()))

    def probes(self) -> tuple[Probe, ...]:
        """All probes so far."""
        return tuple(self._probes)

    def is_finished(self, cell: str) -> bool:
        """Return whether a cell is finished; it may be reopened, unless it failed."""
        return cell in self._finished

    def has_failed(self, cell: str) -> bool:
        """Return whether a cell has failed: it gets no number, and is never reopened."""
        return cell in self._finished and self._finished[cell].failure is not None

    def measurements(self) -> tuple[Measurement, ...]:
        """Return everything measured of the finished cells, in the order in which they ended, repetitions judged."""
        cells = {cell.id: cell for cell in self.session.decision.plan.cells}
        return tuple(
            msgspec.convert(
                {
                    "cell": entry.cell,
                    "repetitions": mark_invalid(cells[entry.cell], self.repetitions(entry.cell), self._probes),
                    "stopped": entry.stopped,
                    "failure": entry.failure,
                },
                Measurement,
                from_attributes=True,
            )
            for entry in self._finished.values()
        )


@contextmanager
def begin_journal(output: Path, session: Session) -> Iterator[Journal]:
    """Make a run's folder, and hold it until the run is over.

    Raises:
        OutputError: it cannot be made.
    """
    folder = output / f"{session.run_id}{RUN_SUFFIX}"
    try:
        folder.mkdir()
        _write_synced(folder / "session.json", encode_json(session))
        stream = (folder / "journal.jsonl").open("xb", buffering=0)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}; choose another place with --output") from error
    with stream, locked(stream, folder):
        yield Journal(folder, session, stream, [])


def read_session(folder: Path) -> Session:
    """Return the session of an interrupted run.

    Raises:
        UsageError: the folder holds no run.
        BundleError: its session was altered.
    """
    try:
        data = (folder / "session.json").read_bytes()
    except OSError as error:
        raise UsageError(f"{folder} holds no interrupted run: {error.filename}: {error.strerror}") from error
    return decode_json(data, Session, source=f"{folder}/session.json")


@contextmanager
def resume_journal(folder: Path) -> Iterator[Journal]:
    """Open an interrupted run's folder, and hold it until the run is over.

    Raises:
        UsageError: the folder holds no run.
        EnvironmentUnfitError: another process goes on with it right now.
        BundleError: what it holds was altered.
    """
    session = read_session(folder)
    try:
        stream = (folder / "journal.jsonl").open("r+b", buffering=0)
    except OSError as error:
        raise UsageError(f"{folder} holds no interrupted run: {error.filename}: {error.strerror}") from error
    with stream, locked(stream, folder):
        entries = _read_entries(stream, folder)
        yield Journal(folder, session, stream, entries)


def _write_all(stream: FileIO, data: bytes) -> None:
    """Write all data unbuffered, so that closing the file does not retry what a full disk refused."""
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


def _read_entries(stream: FileIO, folder: Path) -> list[Entry]:
    """Read complete lines, and cut off the unfinished line that a crash left."""
    data = stream.read()
    whole = data.rfind(b"\n") + 1
    stream.seek(whole)
    stream.truncate()
    entries: list[Entry] = []
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            entries.append(_DECODER.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(f"{folder}/journal.jsonl: line {number} was altered: {error}; start a new run") from error
    return entries


def _write_synced(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("xb") as stream:
        stream.write(data)
        stream.flush()
        sync(stream.fileno())
    temporary.rename(path)
