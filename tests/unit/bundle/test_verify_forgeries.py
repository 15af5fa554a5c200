"""Bundles that were tampered with, or forged by someone with a key of his own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bundle.content import format_members
from bench.bundle.envelope import MAX_SIGNATURES
from bench.errors import BundleError
from bench.records.record import encode_json
from tests.unit.bundle.builder import (
    CONTENTS,
    OPERATOR,
    STRANGER,
    VENDOR,
    open_parts,
    pack,
    pack_content,
    refuse,
    seal,
    seal_contents,
    sign_raw,
    unpack,
    verify,
)

MEMBERS = format_members(CONTENTS)
BUNDLE = seal_contents(CONTENTS)
CO_SIGNED = seal_contents(CONTENTS, OPERATOR, VENDOR)
OUTER = unpack(BUNDLE)
STATEMENT = open_parts(BUNDLE).statement

Edit = Callable[[dict[str, bytes]], Mapping[str, bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@given(st.integers(0, len(CO_SIGNED) - 1), st.integers(0, 7))
def test_no_bit_of_a_bundle_can_be_flipped(folder: Path, position: int, bit: int) -> None:
    changed = bytearray(CO_SIGNED)
    changed[position] ^= 1 << bit
    refuse(bytes(changed), folder, "not verified, step ")


@given(st.binary(max_size=4096))
def test_arbitrary_bytes_are_refused(folder: Path, data: bytes) -> None:
    refuse(data, folder, "not verified, step 1 (outer archive)")


@given(st.data())
def test_spliced_bundles_are_refused(folder: Path, data: st.DataObject) -> None:
    start, end, target = (data.draw(st.integers(0, len(BUNDLE))) for _ in range(3))
    inserted = data.draw(st.sampled_from([b"", b"\0" * 512, BUNDLE[min(start, end) : max(start, end)]]))
    spliced = BUNDLE[:target] + inserted + BUNDLE[max(target, start) :]
    if spliced != BUNDLE:
        refuse(spliced, folder, "not verified, step ")


@given(st.sampled_from(sorted(MEMBERS)), st.data())
def test_a_forger_with_a_key_gets_a_bundle_or_a_refusal_and_never_a_crash(
    folder: Path, name: str, data: st.DataObject
) -> None:
    member = bytearray(MEMBERS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(member) - 1))
        member[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b"0", b"9", b"-", b"9e999", b".5", b'"', b"]", b"null", b"\xff", b"99999999999999999999"]
            )
        )
    try:
        verification = verify(seal(pack_content({**MEMBERS, name: bytes(member)})), folder)
    except BundleError:
        return
    assert format_members(verification.contents)[name] == member


def rename(old: str, new: str) -> Edit:
    return lambda members: {new if name == old else name: data for name, data in members.items()}


def replace_in(part: str, old: bytes, new: bytes) -> Edit:
    """Change the text of the first member whose name ends so."""

    def edit(members: dict[str, bytes]) -> dict[str, bytes]:
        name = next(name for name in members if name.endswith(part))
        assert old in members[name]
        return {**members, name: members[name].replace(old, new, 1)}

    return edit


STEM = next(name for name in OUTER if name.endswith(".pub")).removeprefix("signatures/").removesuffix(".pub")
OTHER = unpack(seal_contents(CONTENTS, STRANGER))
OTHER_STEM = next(name for name in OTHER if name.endswith(".pub")).removeprefix("signatures/").removesuffix(".pub")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(lambda m: {**m, "readme.txt": b"hello"}, "step 2 (envelope): members missing or not wanted: readme.txt", id="an added member"),
        pytest.param(lambda m: {n: d for n, d in m.items() if n != "content.tar"}, "not wanted: content.tar", id="no content"),
        pytest.param(lambda m: {n: d for n, d in m.items() if n != "statement.dsse.json"}, "statement.dsse.json is missing", id="no statement"),
        pytest.param(lambda m: {n: d for n, d in m.items() if not n.endswith(".pub")}, ".pub is missing", id="no public key"),
        pytest.param(lambda m: {n: d for n, d in m.items() if not n.endswith("store.json")}, "sigstore.json", id="no Sigstore bundle"),
        pytest.param(lambda m: {n: d for n, d in m.items() if not n.endswith(".sshsig")}, ".sshsig is missing", id="no SSH signature"),
        pytest.param(lambda m: {**m, f"signatures/{STEM}.sshsig": OTHER[f"signatures/{OTHER_STEM}.sshsig"]}, "its bytes are not those", id="the SSH signature of another"),
        pytest.param(replace_in(".sshsig", b"SSH SIGNATURE", b"PGP SIGNATURE"), "its bytes are not those", id="an SSH signature by another name"),
        pytest.param(lambda m: {n: d for n, d in m.items() if n != "disclosures.json"}, "disclosures.json is missing", id="no disclosures"),
        pytest.param(rename("content.tar", "contents.tar"), "content.tar, contents.tar", id="a renamed member"),
        pytest.param(lambda m: m | {n: d for n, d in OTHER.items() if OTHER_STEM in n}, "not wanted: signatures/", id="files of a signer who has not signed"),
        pytest.param(lambda m: {**m, f"signatures/{STEM}.pub": OTHER[f"signatures/{OTHER_STEM}.pub"]}, "holds the key", id="the public key of another"),
        pytest.param(lambda m: {**m, f"signatures/{STEM}.pub": b"none"}, "neither a PEM nor an OpenSSH", id="a public key that is none"),
        pytest.param(lambda m: {**m, f"signatures/{STEM}.pub": m[f"signatures/{STEM}.pub"] + b"\n"}, "its bytes are not those", id="a public key with a line more"),
        pytest.param(lambda m: {**m, f"signatures/{STEM}.pub": bytes(20_000)}, "at most 16384 are read", id="a public key of 20 kB"),
        pytest.param(lambda m: {**m, "statement.dsse.json": bytes(70_000)}, "at most 65536 are read", id="a statement of 70 kB"),
        pytest.param(replace_in(".sigstore.json", b"v0.3", b"v0.2"), "its bytes are not those", id="another kind of Sigstore bundle"),
        pytest.param(replace_in("dsse.json", b"vnd.in-toto+json", b"vnd.other+json"), "payloadType", id="another payload type"),
        pytest.param(replace_in("dsse.json", b'"payloadType"', b'"payloadtype"'), "unknown field", id="an unknown key in the envelope"),
        pytest.param(replace_in("dsse.json", b' "payloadType"', b' "payload": "",\n "payloadType"'), "statement.dsse.json: its bytes are not those", id="a key twice in the envelope"),
        pytest.param(replace_in("dsse.json", b'\n "payloadType"', b'"payloadType"'), "its bytes are not those", id="an envelope in another layout"),
        pytest.param(replace_in("dsse.json", b"{", b"\xef\xbb\xbf{"), "not a valid EnvelopeFile", id="a byte order mark"),
        pytest.param(lambda m: {**m, "statement.dsse.json": m["statement.dsse.json"].decode().encode("utf-16")}, "not a valid EnvelopeFile", id="an envelope in UTF-16"),
        pytest.param(lambda m: {**m, "statement.dsse.json": b"[" * 60_000}, "not a valid EnvelopeFile", id="an envelope nested deeply"),
        pytest.param(lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].clear())}, "length >= 1", id="no signature"),
        pytest.param(lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].append(e["signatures"][0]))}, "has signed twice", id="a signer twice"),
        pytest.param(lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].extend(e["signatures"] * MAX_SIGNATURES))}, "length <= 16", id="more than sixteen signatures"),
        pytest.param(lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"][0].update(sig="AAAA"))}, "length >= 64", id="a short signature"),
        pytest.param(lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"][0].update(keyid="me"))}, "keyid", id="a key id that is no fingerprint"),
    ],
)  # fmt: skip
def test_refuses_an_outer_file_that_was_tampered_with(edit: Edit, words: str, folder: Path) -> None:
    refuse(pack(edit(dict(OUTER))), folder, words)


def edit_json(data: bytes, change: Callable[[dict[str, list[dict[str, str]]]], object]) -> bytes:
    value = json.loads(data)
    change(value)
    return encode_json(value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v0.1", "`$._type`", id="another statement type"),
        pytest.param(b"cpu-benchmark/v1", b"cpu-benchmark/v2", "`$.predicateType`", id="another predicate type"),
        pytest.param(b'"name": "content.tar"', b'"name": "other.tar"', "`$.subject", id="another subject's name"),
        pytest.param(b'"schema": "bench-bundle/1"', b'"schema": "bench-bundle/2"', "`$.predicate.schema`", id="another schema"),
        pytest.param(b'"suite": "smoke"', b'"suite": "full"', "the statement says suite 'full', the contents 'smoke'", id="another suite"),
        pytest.param(b'"runId": "2026', b'"runId": "2025', "the statement says run_id", id="another run"),
        pytest.param(b'"startedOn": "2026', b'"startedOn": "2025', "the statement says started_on", id="another start"),
        pytest.param(b"03:05:05Z", b"03:65:05Z", "is no time", id="a finish at a minute that does not exist"),
        pytest.param(b'"suite": "smoke"', b'"suite": "smoke",\n  "suite": "smoke"', "a key stands twice", id="a key twice"),
        pytest.param(b'"suite": "smoke"', b'"suite": "smoke",\n  "note": ""', "unknown field `note`", id="an unknown key"),
        pytest.param(b' "subject": [\n', b' "subject": [ \n', "not as bench writes them", id="another layout"),
        pytest.param(OPERATOR.fingerprint.encode(), VENDOR.fingerprint.encode(), "whose signature was taken out", id="a sealer who has not signed"),
    ],
)  # fmt: skip
def test_refuses_a_signed_statement_that_says_something_else(old: bytes, new: bytes, words: str, folder: Path) -> None:
    assert old in STATEMENT
    refuse(sign_raw(STATEMENT.replace(old, new, 1), OUTER["content.tar"]), folder, words)


def test_refuses_a_statement_about_two_subjects(folder: Path) -> None:
    value = json.loads(STATEMENT)
    value["subject"] *= 2
    refuse(sign_raw(json.dumps(value).encode(), OUTER["content.tar"]), folder, "length <= 1")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(lambda m: {n: d for n, d in m.items() if n != "machine.json"}, "machine.json is missing", id="a missing file"),
        pytest.param(lambda m: {**m, "notes.txt": b""}, "unknown members: notes.txt", id="an unknown file"),
        pytest.param(rename("machine.json", "Machine.json"), "machine.json is missing", id="a renamed file"),
        pytest.param(rename("measurements/0002-resnet50-fp32-latency.json", "measurements/0003-resnet50-fp32-latency.json"), "holds the measurement of cell 0002", id="a measurement under another cell's name"),
        pytest.param(replace_in("bundle.json", b'"resumed": 0', b'"resumed": 0,\n "resumed": 0'), "a key stands twice", id="a duplicate key"),
        pytest.param(replace_in("bundle.json", b'"resumed": 0', b'"resumed": 0,\n "extra": 0'), "unknown field `extra`", id="an unknown key"),
        pytest.param(replace_in("bundle.json", b'"resumed": 0', b'"resumed": 00'), "not a valid BundleInfo", id="a number with a leading zero"),
        pytest.param(replace_in("bundle.json", b'"resumed": 0', b'"resumed": "0"'), "Expected `int`", id="a string for a number"),
        pytest.param(replace_in("bundle.json", b'"resumed": 0', b'"resumed": ' + b"9" * 5000), "not a valid BundleInfo", id="a number of 5000 digits"),
        pytest.param(replace_in("bundle.json", b"bench-bundle/1", b"bench-bundle/9"), "`$.schema`", id="a schema of the future"),
        pytest.param(replace_in("summary.json", b'"point": 0.011', b'"point": NaN'), "not a valid Summary", id="a NaN"),
        pytest.param(replace_in("summary.json", b'"point": 0.011', b'"point": 1e999'), "out of range", id="an infinite number"),
        pytest.param(replace_in("plan.json", b'"estimate_s": 60.0', b'"estimate_s": 60'), "not as bench writes them", id="1 for 1.0"),
        pytest.param(replace_in("plan.json", b'"estimate_s": 60.0', b'"estimate_s": 6e1'), "not as bench writes them", id="another way to write a number"),
        pytest.param(replace_in("plan.json", b'"smoke"', b'"\\u0073moke"'), "not as bench writes them", id="another way to write a letter"),
        pytest.param(lambda m: {**m, "bundle.json": m["bundle.json"].decode().encode("utf-16")}, "not a valid BundleInfo", id="UTF-16"),
        pytest.param(lambda m: {**m, "bundle.json": b"\xef\xbb\xbf" + m["bundle.json"]}, "not a valid BundleInfo", id="a byte order mark"),
        pytest.param(lambda m: {**m, "bundle.json": m["bundle.json"] + b"{}"}, "not a valid BundleInfo", id="trailing bytes"),
        pytest.param(lambda m: {**m, "sbom.cdx.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000}, "not a valid dict", id="deep nesting"),
        pytest.param(lambda m: {**m, "sbom.cdx.json": b'{\n "a": 1,\n "a": 2\n}\n'}, "a key stands twice", id="a duplicate key in the bill of materials"),
        pytest.param(lambda m: {**m, "sbom.cdx.json": b"[]\n"}, "Expected `object`", id="a bill of materials that is a list"),
        pytest.param(lambda m: {**m, "environment.json": m["environment.json"].replace(b"CPython", b"CPyth\xff\xff")}, "not a valid Environment", id="bytes that are no UTF-8"),
    ],
)  # fmt: skip
def test_refuses_contents_that_are_no_records(edit: Edit, words: str, folder: Path) -> None:
    refuse(seal(pack_content(edit(dict(MEMBERS)))), folder, "step 6 (schema)")
    refuse(seal(pack_content(edit(dict(MEMBERS)))), folder, words)
