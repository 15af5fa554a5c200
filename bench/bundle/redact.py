"""Remove private fields from a bundle: statement and signatures stay the same, and stay valid."""

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from bench.bundle.archive import read_archive
from bench.bundle.content import CONTENT_LIMITS
from bench.bundle.disclosure import PRIVATE_FIELDS
from bench.bundle.files import read_file, write_file
from bench.bundle.identifying import Remaining, find_identifying
from bench.bundle.opening import open_sealed
from bench.bundle.seal import OUTER_LIMITS, Sealed, format_sealed
from bench.errors import UsageError
from bench.records.bundle import PrivateField
from bench.records.private_text import count_private
from bench.records.record import Record, encode_json

_SEARCHED_LENGTH = 4
"""Characters; shorter values occur everywhere by chance."""


class Redaction(Record, frozen=True, kw_only=True):
    """What was removed, and what was not: what is signed cannot be changed.

    Attributes:
        hidden: Fields whose values were removed.
        left: Where something private still is: removed values, credentials, home folders.
        identifying: What else may say whose machine or work it was.
    """

    hidden: tuple[PrivateField, ...]
    left: tuple[Remaining, ...]
    identifying: tuple[Remaining, ...]


def redact_bundle(path: Path, output: Path, fields: Collection[PrivateField]) -> Redaction:
    """Write a bundle without some of its private fields.

    Args:
        path: The bundle, which stays as it is.
        output: A new file.
        fields: What to hide; all private fields if empty.

    Raises:
        UsageError: no such file, or all of these fields are hidden already.
        BundleError: the outer file or a signature is not intact.
        OutputError: the file exists, or its folder cannot take it.
    """
    sealed = open_sealed(read_file(path, limit=OUTER_LIMITS.total_bytes))
    hidden = tuple(field for field in fields or PRIVATE_FIELDS if field in sealed.disclosures)
    if not hidden:
        raise UsageError(f"{path}: {', '.join(fields or PRIVATE_FIELDS)}: hidden already")
    kept = {field: disclosure for field, disclosure in sealed.disclosures.items() if field not in hidden}
    write_file(output, format_sealed(replace(sealed, disclosures=kept)), replace=False)
    return Redaction(
        hidden=hidden,
        left=find_left(sealed, hidden),
        identifying=find_identifying(sealed, [field for field in kept if kept[field].value is not None]),
    )


def find_left(sealed: Sealed, fields: Collection[PrivateField]) -> tuple[Remaining, ...]:
    """Return where in `content.tar` a private value occurs as a word, such as in what a program printed."""
    values = {field: sealed.disclosures[field].value for field in fields}
    searched = {
        field: re.compile(rb"(?<![0-9A-Za-z])" + re.escape(encode_json(value)[1:-2]) + rb"(?![0-9A-Za-z])")
        for field, value in values.items()
        if value is not None and len(value) >= _SEARCHED_LENGTH
    }
    members = read_archive(sealed.content, CONTENT_LIMITS)
    counted: dict[str, dict[str, int]] = {}
    for name, data in members.items():
        found: dict[str, int] = {field: len(pattern.findall(data)) for field, pattern in searched.items()}
        found |= {str(kind): count for kind, count in count_private(bytes(data).decode(errors="replace")).items()}
        for what, count in found.items():
            if count:
                counted.setdefault(what, {})[name] = count
    return tuple(
        Remaining(field=f"{what} in {name}", count=count)
        for what, places in counted.items()
        for name, count in places.items()
    )
