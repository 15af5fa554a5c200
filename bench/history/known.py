"""Known changes: those that somebody acknowledges, with owner, reason and date."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.records.case import Case
from bench.records.history import KnownChange, KnownChanges
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.toml_file import read_toml


def load_known(path: Path) -> tuple[KnownChange, ...]:
    """Read the file of known changes.

    Raises:
        UsageError: it is no such file, or names a change twice; says where.
    """
    file = read_toml(path, KnownChanges, noun="file of known changes")
    seen: set[tuple[str, str | None, str | None]] = set()
    for number, known in enumerate(file.record.known):
        key = known.run, known.workload, known.layout
        if key in seen:
            raise file.error(f"the change at run {known.run} is named twice; keep one entry", "known", number)
        seen.add(key)
    return file.record.known


def find_known(known: Sequence[KnownChange], run: str, case: Case, layout: LayoutName) -> KnownChange | None:
    """Return the entry that acknowledges a change.

    Args:
        known: All entries.
        run: Id of the first run after the change.
        case: Of the cell.
        layout: Of the cell.
    """
    return next(
        (
            entry
            for entry in known
            if entry.run == run and entry.workload in {None, case.workload} and entry.layout in {None, layout}
        ),
        None,
    )


def find_unused(known: Sequence[KnownChange], used: Iterable[KnownChange]) -> tuple[Reason, ...]:
    """Return a note for each entry that no change needs, as after a run was removed."""
    needed = list(used)
    return tuple(
        Reason(code="known_not_found", values={"run": entry.run, "owner": entry.owner, "date": str(entry.date)})
        for entry in known
        if entry not in needed
    )
