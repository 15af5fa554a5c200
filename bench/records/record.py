"""The base of all records, and how they are encoded and decoded."""

from typing import TypeVar

import msgspec

from bench.errors import BundleError, describe_refusal


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A frozen value whose unknown fields are refused on reading.

    A field that has its default is left out when it is encoded. So a field that is added later, with a default that
    means "not recorded", changes no byte of what older programs sealed. What is sealed may have no other default than
    None, False, or nothing in it: a default value would change what older bytes mean once it changes.

    Records are trees, which no cycle can run through: the garbage collector need not look at a bundle's million samples.

    Subclasses repeat `frozen=True, kw_only=True`: msgspec applies the latter to one class's own fields
    only, and type checkers want to see the former.
    """


RecordT = TypeVar("RecordT")

_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode_json(value: object) -> bytes:
    """Encode a record, or a container of them, as indented JSON with a final newline; equal values give equal bytes."""
    return msgspec.json.format(_ENCODER.encode(value), indent=1) + b"\n"


def encode_json_line(value: object) -> bytes:
    """Encode a record as one line of JSON, newline included."""
    return _ENCODER.encode(value) + b"\n"


def decode_json(data: bytes, kind: type[RecordT], *, source: str) -> RecordT:
    """Decode JSON into a record, strictly.

    Args:
        data: The bytes; unknown fields and wrong types are refused by the record itself.
        kind: The record's class.
        source: What to call the bytes in an error, a path or a member's name.

    Raises:
        BundleError: the bytes are no such record; says where.
    """
    try:
        return msgspec.json.decode(data, type=kind, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{source}: not a valid {kind.__name__}: {describe_refusal(error)}") from error
