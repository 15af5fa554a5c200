"""Read the bundles of a history: those that are new are verified, on all cores; of the others the cache knows the numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.bundle.files import find_state_folder
from bench.errors import BenchError, BundleError
from bench.history.cache import Cached, Store, open_key, read_cache, write_cache
from bench.history.columns import Columns
from bench.history.extract import FileKey, RunFacts, digest_file, find_key, read_run
from bench.records.history import Excluded
from bench.records.reason import Reason
from bench.report.printable import spell_out_bytes
from bench.verification.processes import map_bundles
from bench.verification.verify_many import find_bundles


class ReadHistory(NamedTuple):
    """The bundles of a history.

    Attributes:
        columns: What was extracted of those that take part, one run each.
        bundles: Path of each run's bundle, as text.
        excluded: Bundles that take no part.
        verified: How many were verified now.
        problem: Why there is no cache; None if there is one.
        store: Where the cache is; None if there is none.
    """

    columns: Columns
    bundles: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    verified: int
    problem: str | None
    store: Store | None


def read_history(paths: Sequence[Path], environment: dict[str, str]) -> ReadHistory:
    """Read bundles, and the folders of bundles among some paths.

    In a folder, what does not verify is excluded; a bundle that was named must verify. Of several folders, the first has
    the cache.

    Args:
        paths: As the user named them.
        environment: Of the process: says where the user's key is.

    Raises:
        UsageError: a folder holds no bundle.
        BundleError: a bundle that was named does not verify.
    """
    bundles = find_bundles(paths)
    folder = next((path for path in paths if path.is_dir()), None)
    store, problem = _open_store(folder, environment) if folder is not None else (None, None)
    cached = Cached({}, Columns.empty()) if store is None else read_cache(store)
    known = {run.digest for run in cached.columns.runs}
    keys = {path: find_key(path) for path in bundles}
    digests = {path: _find_digest(path, keys[path], cached) for path in bundles}
    new = [path for path in bundles if digests[path] not in known]
    added: dict[str, RunFacts] = {}
    excluded: list[Excluded] = []
    for read in map_bundles(read_run, new):
        if read.run is None:
            if read.path in paths:
                raise BundleError(read.error or f"{read.path}: not verified")
            excluded.append(
                _exclude(read.path, Reason(code="not_verified", values={"error": (read.error or "")[:4000]}))
            )
            digests[read.path] = None
        else:
            added[read.digest] = read.run
            digests[read.path], keys[read.path] = read.digest, read.key
    found = {path: digest for path, digest in digests.items() if digest is not None}
    everything = cached.columns.select(list(dict.fromkeys(found.values())), added)
    outdated = bool(added) or {keys[path] for path in found} != cached.digests.keys()
    if store is not None and outdated:
        problem = _write(store, everything, found, keys)
    columns, names, left_out = _leave_out(everything, found)
    return ReadHistory(columns, names, (*excluded, *left_out), len(added), problem, store)


def _open_store(folder: Path, environment: dict[str, str]) -> tuple[Store | None, str | None]:
    state = find_state_folder(environment)
    if state is None:
        return None, "neither XDG_STATE_HOME nor HOME is set"
    try:
        return Store(folder, open_key(state)), None
    except BenchError as error:
        return None, str(error)


def _find_digest(path: Path, key: FileKey | None, cached: Cached) -> str | None:
    """Return the digest of a file: as the cache knows it, or of its bytes where the cache knows some; else None."""
    if key is not None and key in cached.digests:
        return cached.digests[key]
    return digest_file(path) if cached.columns.runs else None


def _write(store: Store, columns: Columns, found: dict[Path, str], keys: dict[Path, FileKey | None]) -> str | None:
    """Write the cache; return why that is not possible. A history needs none."""
    files = [(file_key, digest) for path, digest in found.items() if (file_key := keys[path]) is not None]
    try:
        write_cache(store, columns, files)
    except BenchError as error:
        return str(error)
    return None


def _leave_out(columns: Columns, found: dict[Path, str]) -> tuple[Columns, tuple[str, ...], list[Excluded]]:
    """Return the runs that take part, in the order in which they began, their bundles, and what is excluded."""
    rows = {run.digest: run for run in columns.runs}
    kept: dict[str, Path] = {}
    excluded: list[Excluded] = []
    seen: dict[str, str] = {}
    for path, digest in sorted(
        found.items(), key=lambda entry: (rows[entry[1]].started_at, rows[entry[1]].run_id, entry[0])
    ):
        run = rows[digest]
        other = seen.get(run.run_id) or seen.get(run.samples)
        if run.use:
            excluded.append(_exclude(path, Reason(code=run.use)))
        elif other is not None:
            excluded.append(_exclude(path, Reason(code="measured_once", values={"bundle": other})))
        else:
            kept[digest] = path
            seen[run.run_id] = seen[run.samples] = spell_out_bytes(str(path))
    return columns.select(list(kept), {}), tuple(spell_out_bytes(str(path)) for path in kept.values()), excluded


def _exclude(path: Path, reason: Reason) -> Excluded:
    return Excluded(bundle=spell_out_bytes(str(path)), reason=reason)
