"""The folder of a run on many machines: `fleet.json` says what became of each node, so that it can be gone on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bundle.files import read_file, write_file
from bench.errors import BundleError, OutputError, UsageError
from bench.records.fleet import Fleet
from bench.records.record import decode_json, encode_json
from bench.run.lock import locked

FLEET_FILE = "fleet.json"
LOCK_FILE = "fleet.lock"
MAX_BYTES = 64 << 20


def read_fleet(folder: Path) -> Fleet:
    """Return what became of a run.

    Raises:
        UsageError: the folder holds none.
        BundleError: its record is malformed, or has a node twice.
    """
    path = folder / FLEET_FILE
    if not path.exists():
        raise UsageError(f"{folder}: holds no {FLEET_FILE}; name the folder that bench fleet run has printed")
    fleet = decode_json(read_file(path, limit=MAX_BYTES), Fleet, source=str(path))
    if len({node.node for node in fleet.nodes}) < len(fleet.nodes):
        raise BundleError(f"{path}: a node is in it twice")
    return fleet


def write_fleet(folder: Path, fleet: Fleet) -> None:
    """Replace the record.

    Raises:
        OutputError: it cannot be written.
    """
    write_file(folder / FLEET_FILE, encode_json(fleet), replace=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no other process submits its nodes a second time.

    Raises:
        EnvironmentUnfitError: another process holds it.
        OutputError: nothing can be written to it.
    """
    try:
        stream = (folder / LOCK_FILE).open("ab", buffering=0)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose another folder with --output") from error
    with stream, locked(stream, folder):
        yield
