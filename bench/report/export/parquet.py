"""Tables as Parquet, written by DuckDB. Equal tables give equal bytes with the same DuckDB."""

import os
from collections.abc import Iterable, Mapping
from io import FileIO
from types import MappingProxyType
from typing import Final

from bench.report.export.columns import Kind, Row
from bench.report.export.json_lines import render_json_lines

_SQL_TYPES: Mapping[Kind, str] = MappingProxyType(
    {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
)

_SETTINGS: Final[Mapping[str, str | bool | int | float | list[str]]] = MappingProxyType(
    {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
)
"""Nothing is fetched: Parquet and JSON are built in."""


def render_parquet(kinds: Mapping[str, Kind], rows: Iterable[Row]) -> bytes:
    """Return a whole file; its columns have the types of the table.

    DuckDB reads and writes files only. Files in memory need no folder, and no path of the user's in a statement.

    Args:
        kinds: Column → type.
        rows: The rows.
    """
    import duckdb

    columns = ", ".join(f"{name}: '{_SQL_TYPES[kind]}'" for name, kind in kinds.items())
    with FileIO(os.memfd_create("rows"), "r+") as table, FileIO(os.memfd_create("parquet"), "r+") as written:
        _write_all(table, render_json_lines(kinds, rows))
        source, target = (f"/proc/self/fd/{file.fileno()}" for file in (table, written))
        read = f"read_json('{source}', format='newline_delimited', compression='uncompressed', columns={{{columns}}})"
        with duckdb.connect(config=dict(_SETTINGS)) as connection:
            # No text of a bundle is in the statement: columns are bench's own, and files are descriptors.
            connection.execute(f"COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet, USE_TMP_FILE false)")  # noqa: S608
        written.seek(0)
        return written.readall()


def _write_all(file: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
