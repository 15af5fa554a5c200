"""The keys and values that a record takes, for the error about one that it does not take: msgspec names only what is wrong."""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import inspect

from bench.records.lookup import list_known
from bench.records.toml_lines import Step

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*?)`(?: - at |\Z)")
_UNKNOWN_VALUE = re.compile(r"Invalid enum value '(.*?)'(?: - at |\Z)")


def describe_known(record_type: type[object], message: str, steps: Sequence[Step]) -> str:
    """Return the end of an error: what is known in place of an unknown key or value; nothing for any other error.

    Args:
        record_type: That was to be made.
        message: Of msgspec.
        steps: The keys and indexes to what it is about, an unknown key included.
    """
    key, value = _UNKNOWN_KEY.match(message), _UNKNOWN_VALUE.match(message)
    if key is not None:
        known = [name for found in _follow(record_type, steps[:-1]) for name in _list_keys(found)]
        return _describe(key[1], known)
    if value is not None:
        known = [str(word) for found in _follow(record_type, steps) for word in _list_values(found)]
        return _describe(value[1], known)
    return ""


def _describe(name: str, known: Sequence[str]) -> str:
    return f"; {list_known(name, known)}" if known else ""


def _follow(record_type: type[object], steps: Sequence[Step]) -> Iterable[inspect.Type]:
    """Return the types of what is at the end of some steps: several where it may be one of them."""
    types = list(_unfold(inspect.type_info(record_type)))
    for step in steps:
        types = [part for found in types for inner in _enter(found, step) for part in _unfold(inner)]
    return types


def _unfold(found: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(found, inspect.Metadata):
        yield from _unfold(found.type)
    elif isinstance(found, inspect.UnionType):
        for part in found.types:
            yield from _unfold(part)
    else:
        yield found


def _enter(found: inspect.Type, step: Step) -> Iterator[inspect.Type]:
    match found:
        case inspect.StructType():
            yield from (field.type for field in found.fields if field.encode_name == step)
        case inspect.DictType():
            yield found.value_type
        case inspect.ListType() | inspect.VarTupleType():
            yield found.item_type
        case _:
            pass


def _list_keys(found: inspect.Type) -> Iterator[str]:
    if isinstance(found, inspect.StructType):
        yield from (field.encode_name for field in found.fields)


def _list_values(found: inspect.Type) -> Iterator[object]:
    if isinstance(found, inspect.LiteralType):
        yield from found.values
