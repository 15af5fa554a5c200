"""Read JSON that people write by hand, and refuse duplicate keys.

Of two equal keys msgspec takes the last. Files that bench writes are compared with their re-encoding instead, which
free white space does not allow.
"""

import json

from bench.errors import BundleError, describe_refusal
from bench.records.record import RecordT, decode_json


def decode_handwritten_json(data: bytes, kind: type[RecordT], *, source: str) -> RecordT:
    """Return the record in JSON of any layout.

    Args:
        data: The bytes.
        kind: The record's class.
        source: What to call the bytes in an error.

    Raises:
        BundleError: it is not such a record, or has a duplicate key.
    """
    try:
        json.loads(data, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{source}: not valid JSON: {describe_refusal(error)}") from error
    return decode_json(data, kind, source=source)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique: dict[str, object] = {}
    for key, value in pairs:
        if key in unique:
            raise ValueError(f"duplicate key {key!r}")
        unique[key] = value
    return unique
