"""A format that can grow: what older bytes mean never changes, and what is newer is called so."""

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import msgspec
import pytest
from msgspec.structs import replace

from bench.bundle.disclosure import Disclosures
from bench.bundle.envelope import EnvelopeFile
from bench.bundle.qualification import QualificationStatement
from bench.bundle.schema import SCHEMA, check_schema, read_heading, read_statement_heading
from bench.bundle.signers import Requirements
from bench.bundle.statement import Statement
from bench.bundle.trust import TrustStore
from bench.errors import SchemaVersionError
from bench.records.bundle import Contents
from bench.records.measurement import Measurement
from bench.records.record import Record, decode_json, encode_json
from bench.verification.verify_many import check_bundle
from tests.unit.bundle.builder import CONTENTS, open_parts, refuse, seal_contents, sign_raw

SEALED = (Contents, Disclosures, EnvelopeFile, QualificationStatement, Statement, TrustStore)
"""What signatures cover, and what carries signatures."""


def find_records(kind: object, seen: set[type[Record]]) -> Iterator[type[Record]]:
    """Every record that a value of a type can hold."""
    if isinstance(kind, type) and issubclass(kind, Record):
        if kind not in seen:
            seen.add(kind)
            yield kind
            for field in msgspec.structs.fields(kind):
                yield from find_records(field.type, seen)
    elif get_origin(kind) is Annotated:
        yield from find_records(get_args(kind)[0], seen)
    elif get_origin(kind) in {tuple, list, dict, Union, UnionType}:
        for argument in get_args(kind):
            yield from find_records(argument, seen)


def test_no_default_of_a_sealed_record_says_anything() -> None:
    records = [record for kind in SEALED for record in find_records(kind, set())]
    assert {Measurement, Statement} < set(records)
    for record in records:
        assert record.__struct_config__.omit_defaults
        for field in msgspec.structs.fields(record):
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            assert default in (msgspec.NODEFAULT, None, False, (), {}, ""), f"{record.__name__}.{field.name}"


def test_defaults_are_left_out_and_come_back() -> None:
    plain = replace(CONTENTS.info, note=None)
    assert b"note" not in encode_json(plain)
    assert b"cites" not in encode_json(plain)
    assert decode_json(encode_json(plain), type(plain), source="a test") == plain


BUNDLE = seal_contents(CONTENTS)


class Before(Record, frozen=True, kw_only=True):
    """A record of an older bench."""

    name: str


class After(Record, frozen=True, kw_only=True):
    """The same, of a newer one that records more."""

    name: str
    energy_j: float | None = None
    sensors: tuple[str, ...] = ()
    readings: dict[str, float] = msgspec.field(default_factory=dict)


def test_an_optional_field_that_is_added_later_changes_no_byte_of_older_files() -> None:
    old = encode_json(Before(name="x"))
    assert encode_json(decode_json(old, After, source="a test")) == old


def test_headings_are_read_from_what_strict_decoding_would_refuse() -> None:
    assert read_heading(b'{"schema": "bench-bundle/9", "news": [1], "bench_version": "9.1"}').bench_version == "9.1"
    assert read_heading(encode_json(CONTENTS.info)).schema == SCHEMA
    assert read_statement_heading(open_parts(BUNDLE).statement).predicate.schema == SCHEMA
    for data in (b"", b"[]", b"{", b'{"schema": 3}', b"\xff", b"[" * 100_000):
        assert read_heading(data).schema == read_statement_heading(data).predicate.schema == ""


@pytest.mark.parametrize("stated", [SCHEMA, "", "bench-bundle/", "bench-bundle/02", "other/3", "bench-bundle/3 "])
def test_what_is_no_other_number_is_left_to_strict_decoding(stated: str) -> None:
    check_schema(stated, SCHEMA)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("bench-bundle/3", r"schema bench-bundle/3 is newer than this bench reads \(bench-bundle/2\); update bench"),
        ("bench-bundle/10", r"schema bench-bundle/10 is newer"),
        ("bench-bundle/1", r"schema bench-bundle/1 is older than this bench reads \(bench-bundle/2\); read it with"),
    ],
)
def test_another_number_is_named_with_the_way_out(stated: str, words: str) -> None:
    with pytest.raises(SchemaVersionError, match=words):
        check_schema(stated, SCHEMA)


def test_of_many_bundles_a_newer_one_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "x.bench.tar"
    sealed = open_parts(BUNDLE)
    path.write_bytes(sign_raw(sealed.statement.replace(b"bench-bundle/2", b"bench-bundle/3"), bytes(sealed.content)))
    refuse(path.read_bytes(), tmp_path, "run.bench.tar: schema bench-bundle/3 is newer")
    error = check_bundle(path, Requirements()).error
    assert error == f"{path}: schema bench-bundle/3 is newer than this bench reads (bench-bundle/2); update bench"
