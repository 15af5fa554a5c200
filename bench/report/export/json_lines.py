"""Tables as JSON Lines: an object for each row, as DuckDB, pandas and jq read it."""

from collections.abc import Iterable, Mapping

import msgspec

from bench.report.export.columns import Kind, Row
from bench.report.printable import printable_json


def render_json_lines(kinds: Mapping[str, Kind], rows: Iterable[Row]) -> bytes:
    """Return a whole file in UTF-8. Each row has every column, null where a value is missing."""
    encoder = msgspec.json.Encoder()
    lines = (encoder.encode({column: row[column] for column in kinds}).decode() for row in rows)
    return "".join(f"{printable_json(line)}\n" for line in lines).encode()
