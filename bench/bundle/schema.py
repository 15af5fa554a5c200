"""The format's number: read leniently before anything is decoded strictly.

A strict decoder refuses what it does not know, and can only say what it stumbled over. A reader wants to know that
the bundle is newer than the program. So the number is read first, from bytes of which nothing else is used.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar, get_args

import msgspec

from bench import __version__
from bench.errors import BundleError, SchemaVersionError
from bench.records.bundle import Schema

SCHEMA: Schema = get_args(Schema)[0]
"""What this bench writes, and the only one that it reads."""

HeadingT = TypeVar("HeadingT")

_NUMBERED = re.compile(r"(bench-[a-z]+)/([1-9][0-9]{0,5})", re.ASCII)
_RELEASE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){1,3}", re.ASCII)


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of its own format; all else in it is skipped.

    Attributes:
        schema: Empty if it states none.
        bench_version: Of the program that wrote it; empty if it states none.
    """

    schema: str = ""
    bench_version: str = ""


class StatementHeading(msgspec.Struct, frozen=True, kw_only=True, rename={"predicate_type": "predicateType"}):
    """What an in-toto statement says of its own format; all else in it is skipped.

    Attributes:
        predicate_type: Empty if it states none.
        predicate: The heading of its predicate.
    """

    predicate_type: str = ""
    predicate: Heading = Heading()


def read_heading(data: bytes) -> Heading:
    """Return the heading of `bundle.json`; an empty one if the bytes have none, which strict decoding explains."""
    return _read(data, Heading) or Heading()


def read_statement_heading(data: bytes) -> StatementHeading:
    """Return the heading of a statement; an empty one if the bytes have none, which strict decoding explains."""
    return _read(data, StatementHeading) or StatementHeading()


def check_schema(stated: str, known: str) -> None:
    """Refuse another number of the same format; anything else is left to strict decoding.

    Args:
        stated: `bench-bundle/3`, say.
        known: The one that this bench reads.

    Raises:
        SchemaVersionError: it is newer or older; says what to do.
    """
    found, own = _NUMBERED.fullmatch(stated), _NUMBERED.fullmatch(known)
    if found is None or own is None or found[1] != own[1] or found[2] == own[2]:
        return
    if int(found[2]) > int(own[2]):
        raise SchemaVersionError(f"schema {stated} is newer than this bench reads ({known}); update bench")
    raise SchemaVersionError(
        f"schema {stated} is older than this bench reads ({known}); read it with the bench that wrote it"
    )


@contextmanager
def explain_newer_writer(heading: Heading) -> Iterator[None]:
    """State that a newer bench wrote a file that does not decode, if its heading says so.

    A newer bench may add optional fields without a new number; this bench does not know what they mean, so it refuses
    them.

    Raises:
        SchemaVersionError: decoding failed, and the writer is newer than this bench.
    """
    try:
        yield
    except BundleError as error:
        if not _is_newer(heading.bench_version):
            raise
        raise SchemaVersionError(
            f"written by bench {heading.bench_version}, which records more than this bench ({__version__}) reads "
            f"({error}); update bench"
        ) from error


def _is_newer(version: str) -> bool:
    if _RELEASE.fullmatch(version) is None or _RELEASE.fullmatch(__version__) is None:
        return False
    return _numbers(version) > _numbers(__version__)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _read(data: bytes, kind: type[HeadingT]) -> HeadingT | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
