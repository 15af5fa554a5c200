"""The cache of a folder's history: what was extracted from bundles that verified, in a DuckDB file beside them.

It may be deleted at any time. A folder of bundles may come from anyone, and so may a cache in it. So a cache is used only if
this user's own key authenticates it, by a code (HMAC-SHA256, RFC 2104) over its bytes in a second file: it is what this
user's bench has written, and nothing else is parsed. An entry is of one file's bytes, by their SHA-256, and of one source of
bench. That a file still has these bytes is seen by its size, inode and times, as git's index does it (racy-git(7)): the
time of change cannot be set by a user. A cache that is of no use is made anew; no answer depends on it.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.bundle.files import read_file, write_file, write_new_file
from bench.bundle.source import own_source
from bench.errors import BenchError, OutputError
from bench.history.columns import Columns, Table, Tables
from bench.history.extract import FileKey, is_settled

if TYPE_CHECKING:
    import duckdb

CACHE_NAME = ".bench-history.duckdb"
CODE_NAME = ".bench-history.hmac"
KEY_NAME = "history.key"
KEY_BYTES = 32

MAX_BYTES = 1 << 31
"""Of a cache: a hundred times what ten thousand bundles take."""


class Store(NamedTuple):
    """Where something is kept beside bundles.

    Attributes:
        folder: Of the bundles.
        key: Of the user, which authenticates it.
    """

    folder: Path
    key: bytes


class Cached(NamedTuple):
    """What a cache knows.

    Attributes:
        digests: File key → SHA-256 of the bytes, for files that did not change since.
        columns: What was extracted, by digest.
    """

    digests: Mapping[FileKey, str]
    columns: Columns


def open_key(state: Path) -> bytes:
    """Return the user's key, made at random if there is none.

    Raises:
        BenchError: it cannot be read or made, others may read it, or it is no key.
    """
    path = state / KEY_NAME
    if not path.exists():
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError(f"{state}: {error.strerror}") from error
        write_new_file(path, secrets.token_bytes(KEY_BYTES), mode=0o600)
    status = path.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise OutputError(f"{path}: others than its owner may use it; delete it")
    key = read_file(path, limit=KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise OutputError(f"{path}: not a key of {KEY_BYTES} bytes; delete it")
    return key


def read_cache(store: Store) -> Cached:
    """Return what the cache in a folder knows; nothing if it is missing, of another source, or not this user's.

    Where there is no room to unpack it, it counts as missing.
    """
    try:
        code = read_file(store.folder / CODE_NAME, limit=KEY_BYTES)
        data = read_file(store.folder / CACHE_NAME, limit=MAX_BYTES)
    except BenchError:
        return Cached({}, Columns.empty())
    if not hmac.compare_digest(code, authenticate(CACHE_NAME, data, store.key)):
        return Cached({}, Columns.empty())
    try:
        # What was authenticated is what is opened: the file in the folder may be another one by now.
        with tempfile.TemporaryDirectory(prefix="bench-history-") as name:
            path = Path(name) / CACHE_NAME
            path.write_bytes(data)
            with _open(path, read_only=True) as database:
                tables = Tables(*(_fetch(database, table) for table in Tables._fields))
    except OSError:  # no room for a temporary file, as in a container with a read-only root
        return Cached({}, Columns.empty())
    columns = Columns.from_tables(tables)
    files = tables.files
    keys = zip(*(files[name].tolist() for name in FileKey._fields), strict=True)
    return Cached(dict(zip(map(FileKey._make, keys), files["digest"].tolist(), strict=True)), columns)


def write_cache(store: Store, columns: Columns, files: Iterable[tuple[FileKey, str]]) -> None:
    """Write the cache of a folder. Files that were changed a moment ago are left out: their key does not identify them yet.

    Raises:
        OutputError: the folder cannot take it.
    """
    now_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
    settled = [(*file_key, digest) for file_key, digest in files if is_settled(file_key, now_ns)]
    names = (*FileKey._fields, "digest")
    rows = list(zip(*settled, strict=True)) or [()] * len(names)
    kinds = ("u8", "u8", "u8", "i8", "i8", "O")
    files_table = {name: np.array(row, dtype=kind) for name, row, kind in zip(names, rows, kinds, strict=True)}
    tables = columns.to_tables(files_table)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-history-") as name:
            path = Path(name) / CACHE_NAME
            with _open(path, read_only=False) as database:
                for table in Tables._fields:
                    _store(database, table, getattr(tables, table))
            data = path.read_bytes()
    except OSError as error:
        raise OutputError(f"{store.folder}: its cache cannot be written: {error.strerror}") from error
    write_file(store.folder / CACHE_NAME, data, replace=True)
    write_file(store.folder / CODE_NAME, authenticate(CACHE_NAME, data, store.key), replace=True)


def authenticate(name: str, data: bytes, key: bytes) -> bytes:
    """Return the code of a file of a name, so that none passes for another, that this source of bench has written."""
    return hmac.digest(key, f"{own_source()} {name} ".encode() + hashlib.sha256(data).digest(), "sha256")


def _open(path: Path, *, read_only: bool) -> "duckdb.DuckDBPyConnection":
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": 1,
    }
    return duckdb.connect(path, read_only=read_only, config=settings)


def _fetch(database: "duckdb.DuckDBPyConnection", table: str) -> Table:
    return dict(database.table(table).fetchnumpy())


def _store(database: "duckdb.DuckDBPyConnection", table: str, columns: Table) -> None:
    """Write a table; a name of this module's own, and columns that DuckDB takes as they are."""
    database.register("columns", dict(columns))
    database.execute(f"CREATE TABLE {table} AS SELECT * FROM columns")  # noqa: S608 - a field's name
    database.unregister("columns")
