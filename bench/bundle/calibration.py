"""Read and write `calibration.json`, which lies beside the bundles of a host."""

import hashlib
from pathlib import Path

from msgspec.structs import replace

from bench.bundle.files import read_file, write_file
from bench.records.calibration import Calibration
from bench.records.digest import Digest
from bench.records.machine import Machine
from bench.records.record import decode_json, encode_json

FILE_NAME = "calibration.json"
_LIMIT = 1 << 24


def digest_host(machine: Machine) -> Digest:
    """Return a digest of CPU and topology: it identifies a host, and does not say whose it is.

    Memory is left out: guests are given memory while they run (balloons).
    """
    nodes = tuple(replace(node, memory_bytes=None) for node in machine.topology.nodes)
    facts = encode_json((machine.cpu, replace(machine.topology, nodes=nodes)))
    return f"sha256:{hashlib.sha256(facts).hexdigest()}"


def write_calibration(folder: Path, calibration: Calibration) -> Path:
    """Write a calibration where later runs find it; replace an older one.

    Raises:
        OutputError: the folder cannot take it.
    """
    path = folder / FILE_NAME
    write_file(path, encode_json(calibration), replace=True)
    return path


def find_calibration(folder: Path, machine: Machine) -> Calibration | None:
    """Return the calibration in a folder if it is of this host, else None.

    Raises:
        BundleError: the file is not a calibration; says what to do.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    calibration = decode_json(
        read_file(path, limit=_LIMIT), Calibration, source=f"{path} (run bench calibrate again, or remove it)"
    )
    return calibration if calibration.host_digest == digest_host(machine) else None
