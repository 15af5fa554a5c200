"""The signed statement: an in-toto Statement v1 with bench's own predicate.

Source: in-toto attestation framework, spec/v1/statement.md and docs/new_predicate_guidelines.md.
The numbers stay in `content.tar`, which the statement names by its digest: other languages read a predicate's
numbers as doubles.
"""

import hashlib
from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench.bundle.keys import Fingerprint
from bench.bundle.schema import SCHEMA, check_schema, read_statement_heading
from bench.errors import BundleError
from bench.records.bundle import BundleInfo, RunId, Schema, Timestamp
from bench.records.digest import Digest
from bench.records.plan import Plan
from bench.records.record import Record, decode_json, encode_json

PredicateType = Literal["https://bench-appliance.org/attestation/cpu-benchmark/v1"]
SubjectName = Literal["content.tar"]
StatementType = Literal["https://in-toto.io/Statement/v1"]
PREDICATE_TYPE: PredicateType = get_args(PredicateType)[0]
STATEMENT_TYPE: StatementType = get_args(StatementType)[0]
SUBJECT: SubjectName = get_args(SubjectName)[0]

SignerKind = Literal["key", "ephemeral"]


class SealedBy(Record, frozen=True, kw_only=True):
    """Who sealed the run; others may sign the same statement later.

    Attributes:
        kind: `ephemeral` if the key was made in memory for this run.
        fingerprint: Of the key; its signature must be present.
    """

    kind: SignerKind
    fingerprint: Fingerprint


class Predicate(Record, frozen=True, kw_only=True, rename="camel"):
    """The statement about the subject.

    Attributes:
        schema: Names the format inside `content.tar`.
        suite: As in the plan.
        started_on, finished_on: By the host's clock: claimed, not proven.
        signer: Who sealed the run.
        cites: Digest of the `content.tar` that the run reproduces.
    """

    schema: Schema
    run_id: RunId
    suite: str
    started_on: Timestamp
    finished_on: Timestamp
    signer: SealedBy
    cites: Digest | None = None


class SubjectDigest(Record, frozen=True, kw_only=True):
    """A digest set with the one algorithm that bench uses."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Subject(Record, frozen=True, kw_only=True):
    """What the statement is about."""

    name: SubjectName
    digest: SubjectDigest


class Statement(Record, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    """An in-toto Statement v1 about one `content.tar`."""

    type: StatementType
    subject: Annotated[tuple[Subject, ...], Meta(min_length=1, max_length=1)]
    predicate_type: PredicateType
    predicate: Predicate


def make_predicate(info: BundleInfo, plan: Plan, signer: SealedBy) -> Predicate:
    """Return the predicate of a statement about these contents."""
    return Predicate(
        schema=info.schema,
        run_id=info.run_id,
        suite=plan.suite,
        started_on=info.started_at,
        finished_on=info.finished_at,
        signer=signer,
        cites=None if info.cites is None else info.cites.content_digest,
    )


def format_statement(content: bytes | memoryview, predicate: Predicate) -> bytes:
    """Return the bytes to sign for a `content.tar`."""
    subject = Subject(name=SUBJECT, digest=SubjectDigest(sha256=hashlib.sha256(content).hexdigest()))
    return encode_json(
        Statement(type=STATEMENT_TYPE, subject=(subject,), predicate_type=PREDICATE_TYPE, predicate=predicate)
    )


def parse_statement(data: bytes) -> Statement:
    """Return a statement whose signature has been verified.

    Raises:
        SchemaVersionError: it is about a bundle of another schema.
        BundleError: it is not a statement of bench, or not canonical JSON.
    """
    check_schema(read_statement_heading(data).predicate.schema, SCHEMA)
    statement = decode_json(data, Statement, source="statement")
    if encode_json(statement) != data:
        raise BundleError("statement: duplicate key, or not canonical JSON")
    return statement
