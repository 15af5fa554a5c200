"""JSON that people write by hand, read with duplicate keys refused.

msgspec lets the last of two equal keys win. Files of our own are compared with their re-encoding
instead; files with free white space cannot be.
"""

import json

from bench.errors import BundleError
from bench.records.record import RecordT, decode_json


def decode_handwritten_json(data: bytes, kind: type[RecordT], *, source: str) -> RecordT:
    """Decode JSON in any layout into a record.

    Args:
        data: The bytes.
        kind: The record's class.
        source: What to call the bytes in an error.

    Raises:
        BundleError: no such record, or a key stands twice.
    """
    try:
        json.loads(data, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{source}: not valid JSON: {error}") from error
    return decode_json(data, kind, source=source)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique: dict[str, object] = {}
    for key, value in pairs:
        if key in unique:
            raise ValueError(f"key {key!r} stands twice")
        unique[key] = value
    return unique
