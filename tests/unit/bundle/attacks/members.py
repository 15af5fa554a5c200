"""Members that were changed: of the outer file, of a statement, and of contents that the attacker signed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.bundle.content import format_members
from bench.bundle.envelope import MAX_SIGNATURES
from bench.bundle.seal import format_sealed, sign_seal
from bench.records.record import encode_json
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.builder import (
    CONTENTS,
    OPERATOR,
    STRANGER,
    VENDOR,
    open_parts,
    pack,
    pack_content,
    seal,
    seal_contents,
    sign_raw,
    unpack,
)

MEMBERS = format_members(CONTENTS)
BUNDLE = seal_contents(CONTENTS)
OUTER = unpack(BUNDLE)
CO_SIGNED = seal_contents(CONTENTS, OPERATOR, VENDOR)
STATEMENT = open_parts(BUNDLE).statement

Edit = Callable[[dict[str, bytes]], Mapping[str, bytes]]


def rename(old: str, new: str) -> Edit:
    return lambda members: {new if name == old else name: data for name, data in members.items()}


def replace_in(part: str, old: bytes, new: bytes) -> Edit:
    """Change the text of the first member whose name ends so."""

    def edit(members: dict[str, bytes]) -> dict[str, bytes]:
        name = next(name for name in members if name.endswith(part))
        assert old in members[name]
        return {**members, name: members[name].replace(old, new, 1)}

    return edit


def sized(name: str, limit: int) -> Edit:
    """A member of one byte more than is read."""
    return lambda members: {**members, name: b"{" + bytes(limit)}


def written_by(version: bytes, members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Have `bundle.json` state another bench."""
    return replace_in("bundle.json", b'"bench_version": "0.1.0"', b'"bench_version": "' + version + b'"')(dict(members))


STEM = next(name for name in OUTER if name.endswith(".pub")).removeprefix("signatures/").removesuffix(".pub")
OTHER = unpack(seal_contents(CONTENTS, STRANGER))
OTHER_STEM = next(name for name in OTHER if name.endswith(".pub")).removeprefix("signatures/").removesuffix(".pub")


def edit_json(data: bytes, change: Callable[[dict[str, list[dict[str, str]]]], object]) -> bytes:
    value = json.loads(data)
    change(value)
    return encode_json(value)


OUTER_EDITS: list[tuple[str, Edit, str]] = [
    ("an added member", lambda m: {**m, "readme.txt": b"hello"}, "step 2 (envelope): members missing or unknown: readme.txt"),
    ("no content", lambda m: {n: d for n, d in m.items() if n != "content.tar"}, "unknown: content.tar"),
    ("no statement", lambda m: {n: d for n, d in m.items() if n != "statement.dsse.json"}, "statement.dsse.json is missing"),
    ("no public key", lambda m: {n: d for n, d in m.items() if not n.endswith(".pub")}, ".pub is missing"),
    ("no Sigstore bundle", lambda m: {n: d for n, d in m.items() if not n.endswith("store.json")}, "sigstore.json"),
    ("no SSH signature", lambda m: {n: d for n, d in m.items() if not n.endswith(".sshsig")}, ".sshsig is missing"),
    ("the SSH signature of another", lambda m: {**m, f"signatures/{STEM}.sshsig": OTHER[f"signatures/{OTHER_STEM}.sshsig"]}, "not in the form that bench writes"),
    ("an SSH signature by another name", replace_in(".sshsig", b"SSH SIGNATURE", b"PGP SIGNATURE"), "not in the form that bench writes"),
    ("no disclosures", lambda m: {n: d for n, d in m.items() if n != "disclosures.json"}, "disclosures.json is missing"),
    ("another host's name", replace_in("disclosures.json", b"node7", b"node8"), "has the digest"),
    ("a renamed member", rename("content.tar", "contents.tar"), "content.tar, contents.tar"),
    ("files of a signer who has not signed", lambda m: m | {n: d for n, d in OTHER.items() if OTHER_STEM in n}, "unknown: signatures/"),
    ("the public key of another", lambda m: {**m, f"signatures/{STEM}.pub": OTHER[f"signatures/{OTHER_STEM}.pub"]}, "holds the key"),
    ("a public key that is none", lambda m: {**m, f"signatures/{STEM}.pub": b"none"}, "neither a PEM nor an OpenSSH"),
    ("a public key with a line more", lambda m: {**m, f"signatures/{STEM}.pub": m[f"signatures/{STEM}.pub"] + b"\n"}, "not in the form that bench writes"),
    ("a public key of 20 kB", lambda m: {**m, f"signatures/{STEM}.pub": bytes(20_000)}, "at most 16384 are read"),
    ("a statement of 70 kB", lambda m: {**m, "statement.dsse.json": bytes(70_000)}, "at most 65536 are read"),
    ("another kind of Sigstore bundle", replace_in(".sigstore.json", b"v0.3", b"v0.2"), "not in the form that bench writes"),
    ("another payload type", replace_in("dsse.json", b"vnd.in-toto+json", b"vnd.other+json"), "payloadType"),
    ("an unknown key in the envelope", replace_in("dsse.json", b'"payloadType"', b'"payloadtype"'), "unknown field"),
    ("a key twice in the envelope", replace_in("dsse.json", b' "payloadType"', b' "payload": "",\n "payloadType"'), "statement.dsse.json: not in the form that bench writes"),
    ("an envelope in another layout", replace_in("dsse.json", b'\n "payloadType"', b'"payloadType"'), "not in the form that bench writes"),
    ("a byte order mark", replace_in("dsse.json", b"{", b"\xef\xbb\xbf{"), "not a valid EnvelopeFile"),
    ("an envelope in UTF-16", lambda m: {**m, "statement.dsse.json": m["statement.dsse.json"].decode().encode("utf-16")}, "not a valid EnvelopeFile"),
    ("an envelope nested deeply", lambda m: {**m, "statement.dsse.json": b"[" * 60_000}, "not a valid EnvelopeFile"),
    ("no signature", lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].clear())}, "length >= 1"),
    ("a signer twice", lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].append(e["signatures"][0]))}, "has signed twice"),
    ("more than sixteen signatures", lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"].extend(e["signatures"] * MAX_SIGNATURES))}, "length <= 16"),
    ("a short signature", lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"][0].update(sig="AAAA"))}, "length >= 64"),
    ("a key id that is no fingerprint", lambda m: {**m, "statement.dsse.json": edit_json(m["statement.dsse.json"], lambda e: e["signatures"][0].update(keyid="me"))}, "keyid"),
]  # fmt: skip

STATEMENT_EDITS: list[tuple[str, bytes, bytes, str]] = [
    ("another statement type", b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v0.1", "`$._type`"),
    ("another predicate type", b"cpu-benchmark/v1", b"cpu-benchmark/v2", "`$.predicateType`"),
    ("another subject's name", b'"name": "content.tar"', b'"name": "other.tar"', "`$.subject"),
    ("a schema of the future", b'"schema": "bench-bundle/2"', b'"schema": "bench-bundle/3"', "x.bench.tar: schema bench-bundle/3 is newer than this bench reads (bench-bundle/2); update bench"),
    ("a schema of the past", b'"schema": "bench-bundle/2"', b'"schema": "bench-bundle/1"', "x.bench.tar: schema bench-bundle/1 is older than this bench reads (bench-bundle/2)"),
    ("a schema of another format", b'"schema": "bench-bundle/2"', b'"schema": "other-bundle/3"', "`$.predicate.schema`"),
    ("a schema without a number", b'"schema": "bench-bundle/2"', b'"schema": "bench-bundle/x"', "`$.predicate.schema`"),
    ("a schema that is no text", b'"schema": "bench-bundle/2"', b'"schema": 3', "`$.predicate.schema`"),
    ("no schema", b'"schema": "bench-bundle/2",', b"", "missing required field `schema`"),
    ("another suite", b'"suite": "smoke"', b'"suite": "full"', "the statement says suite 'full', the contents 'smoke'"),
    ("another run", b'"runId": "2026', b'"runId": "2025', "the statement says run_id"),
    ("another start", b'"startedOn": "2026', b'"startedOn": "2025', "the statement says started_on"),
    ("a finish at a minute that does not exist", b"03:05:05Z", b"03:65:05Z", "is not a time"),
    ("a key twice", b'"suite": "smoke"', b'"suite": "smoke",\n  "suite": "smoke"', "duplicate key"),
    ("an unknown key", b'"suite": "smoke"', b'"suite": "smoke",\n  "note": ""', "unknown field `note`"),
    ("another layout", b' "subject": [\n', b' "subject": [ \n', "not canonical JSON"),
    ("a sealer who has not signed", OPERATOR.fingerprint.encode(), VENDOR.fingerprint.encode(), "whose signature is missing"),
]  # fmt: skip

INNER_EDITS: list[tuple[str, Edit, str]] = [
    ("a missing file", lambda m: {n: d for n, d in m.items() if n != "machine.json"}, "machine.json is missing"),
    ("an unknown file", lambda m: {**m, "notes.txt": b""}, "unknown members: notes.txt"),
    ("a renamed file", rename("machine.json", "Machine.json"), "machine.json is missing"),
    ("a measurement under another cell's name", rename("measurements/0002-resnet50-fp32-latency.json", "measurements/0003-resnet50-fp32-latency.json"), "holds the measurement of cell 0002"),
    ("a duplicate key", replace_in("bundle.json", b'"resumed": 0', b'"resumed": 0,\n "resumed": 0'), "duplicate key"),
    ("an unknown key", replace_in("bundle.json", b'"resumed": 0', b'"resumed": 0,\n "extra": 0'), "unknown field `extra`"),
    ("a number with a leading zero", replace_in("bundle.json", b'"resumed": 0', b'"resumed": 00'), "not a valid BundleInfo"),
    ("a string for a number", replace_in("bundle.json", b'"resumed": 0', b'"resumed": "0"'), "Expected `int`"),
    ("a number of 5000 digits", replace_in("bundle.json", b'"resumed": 0', b'"resumed": ' + b"9" * 5000), "not a valid BundleInfo"),
    ("a schema of the future", replace_in("bundle.json", b"bench-bundle/2", b"bench-bundle/9"), "x.bench.tar: schema bench-bundle/9 is newer than this bench reads (bench-bundle/2); update bench"),
    ("a schema of the past", replace_in("bundle.json", b"bench-bundle/2", b"bench-bundle/1"), "schema bench-bundle/1 is older than this bench reads"),
    ("no schema", replace_in("bundle.json", b'\n "schema": "bench-bundle/2",', b""), "missing required field `schema`"),
    ("a field that a newer bench records", lambda m: written_by(b"99.0.0", replace_in("machine.json", b'"host_name"', b'"rack": 7,\n "host_name"')(m)), "written by bench 99.0.0, which records more than this bench"),
    ("a file that a newer bench records", lambda m: written_by(b"99.0.0", {**m, "energy.json": b"{}"}), "written by bench 99.0.0, which records more than this bench"),
    ("a field that no older bench records", lambda m: written_by(b"0.0.9", replace_in("machine.json", b'"host_name"', b'"rack": 7,\n "host_name"')(m)), "unknown field `rack`"),
    ("a default that is written out", replace_in("plan.json", b'"estimate_s": 60.0', b'"estimate_s": 60.0,\n "variants": []'), "not canonical JSON"),
    ("a NaN", replace_in("summary.json", b'"point": 0.011', b'"point": NaN'), "not a valid Summary"),
    ("an infinite number", replace_in("summary.json", b'"point": 0.011', b'"point": 1e999'), "out of range"),
    ("1 for 1.0", replace_in("plan.json", b'"estimate_s": 60.0', b'"estimate_s": 60'), "not canonical JSON"),
    ("another way to write a number", replace_in("plan.json", b'"estimate_s": 60.0', b'"estimate_s": 6e1'), "not canonical JSON"),
    ("another way to write a letter", replace_in("plan.json", b'"smoke"', b'"\\u0073moke"'), "not canonical JSON"),
    ("UTF-16", lambda m: {**m, "bundle.json": m["bundle.json"].decode().encode("utf-16")}, "not a valid BundleInfo"),
    ("a byte order mark", lambda m: {**m, "bundle.json": b"\xef\xbb\xbf" + m["bundle.json"]}, "not a valid BundleInfo"),
    ("trailing bytes", lambda m: {**m, "bundle.json": m["bundle.json"] + b"{}"}, "not a valid BundleInfo"),
    ("deep nesting", lambda m: {**m, "sbom.cdx.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000}, "not a valid dict"),
    ("a duplicate key in the bill of materials", lambda m: {**m, "sbom.cdx.json": b'{\n "a": 1,\n "a": 2\n}\n'}, "duplicate key"),
    ("a bill of materials that is a list", lambda m: {**m, "sbom.cdx.json": b"[]\n"}, "Expected `object`"),
    ("half a surrogate pair", replace_in("plan.json", b'"smoke"', b'"\\ud800"'), "not a valid Plan"),
    ("UTF-32", lambda m: {**m, "bundle.json": m["bundle.json"].decode().encode("utf-32")}, "not a valid BundleInfo"),
    ("an infinity", replace_in("summary.json", b'"point": 0.011', b'"point": Infinity'), "not a valid Summary"),
    ("a negative count", replace_in("bundle.json", b'"resumed": 0', b'"resumed": -1'), "`int` >= 0"),
    ("a time of nothing", replace_in("0000-resnet50-fp32-latency.json", b'"elapsed_ns": 10000000', b'"elapsed_ns": 0'), "`int` >= 1"),
    ("a negative time", replace_in("0000-resnet50-fp32-latency.json", b'"elapsed_ns": 10000000', b'"elapsed_ns": -1'), "`int` >= 1"),
    ("a fraction of a nanosecond", replace_in("0000-resnet50-fp32-latency.json", b'"elapsed_ns": 10000000', b'"elapsed_ns": 0.5'), "Expected `int`"),
    ("a time of more than 64 bits", replace_in("0000-resnet50-fp32-latency.json", b'"elapsed_ns": 10000000', b'"elapsed_ns": 18446744073709551616'), "not a valid Measurement"),
    ("a null for a record", replace_in("0000-resnet50-fp32-latency.json", b'"effective": {', b'"effective": null, "x": {'), "Expected `object`, got `null`"),
    ("an unknown key with a terminal's escape", replace_in("bundle.json", b'"resumed": 0', b'"resumed": 0,\n "\\u001b[2J\\n": 0'), "unknown field"),
    ("a version that prints a line of its own", replace_in("bundle.json", b'"bench_version": "0.1.0"', b'"bench_version": "0.1.0\\nsigned by vendor: trusted"'), "$.bench_version"),
    ("a version in a terminal's other direction", replace_in("bundle.json", b'"bench_version": "0.1.0"', '"bench_version": "0.1.0\u202e"'.encode()), "$.bench_version"),
    ("a CPU that prints a line of its own", replace_in("machine.json", b'"Test CPU"', b'"Test CPU\\nsigned by vendor: trusted"'), "$.cpu.model_name"),
    ("a package of no width", replace_in("environment.json", b'"numpy"', '"numpy\u200b"'.encode()), "$.distributions[0].name"),
    ("a label that prints a line of its own", replace_in("image.json", b'"000', b'"\\u2028signed by vendor: trusted'), "$.labels"),
    ("a file of nothing", lambda m: {**m, "machine.json": b""}, "not a valid Machine"),
    ("a measurement of a cell without a measurement's name", lambda m: {**m, "measurements/x.json": b"{}"}, "not a valid Measurement"),
    ("a bill of materials of more than 4 MiB", sized("sbom.cdx.json", 4 << 20), "sbom.cdx.json has 4194305 bytes; at most 4194304 are read"),
    ("a machine of more than 4 MiB", sized("machine.json", 4 << 20), "machine.json has 4194305 bytes; at most"),
    ("a heading of more than 64 KiB", sized("bundle.json", 64 << 10), "bundle.json has 65537 bytes; at most"),
    ("image labels of more than 256 KiB", sized("image.json", 256 << 10), "image.json has 262145 bytes; at most"),
    ("packages of more than 2 MiB", sized("environment.json", 2 << 20), "environment.json has 2097153 bytes; at most"),
    ("another side's packages of more than 2 MiB", sized("environments/a.json", 2 << 20), "environments/a.json has 2097153 bytes; at most"),
    ("a profile of more than 256 KiB", sized("profile.json", 256 << 10), "profile.json has 262145 bytes; at most"),
    ("a calibration of more than 4 MiB", sized("calibration.json", 4 << 20), "calibration.json has 4194305 bytes; at most"),
    ("a log of more than 256 KiB", sized("log/x.txt", 256 << 10), "log/x.txt has 262145 bytes; at most"),
    ("bytes that are no UTF-8", lambda m: {**m, "environment.json": m["environment.json"].replace(b"CPython", b"CPyth\xff\xff")}, "not a valid Environment"),
]  # fmt: skip


def edit_statement(old: bytes, new: bytes) -> bytes:
    """A bundle whose signed statement says something else."""
    assert old in STATEMENT
    return sign_raw(STATEMENT.replace(old, new, 1), OUTER["content.tar"])


ENVELOPES = [Attack(name=name, data=pack(edit(dict(OUTER))), words=words) for name, edit, words in OUTER_EDITS]
TWO_SUBJECTS = json.dumps(json.loads(STATEMENT) | {"subject": json.loads(STATEMENT)["subject"] * 2}).encode()
STATEMENTS = [Attack(name=name, data=edit_statement(old, new), words=words) for name, old, new, words in STATEMENT_EDITS] + [
    Attack(name="two subjects", data=sign_raw(TWO_SUBJECTS, OUTER["content.tar"]), words="length <= 1"),
    Attack(name="a statement that is no JSON", data=sign_raw(b"hello", OUTER["content.tar"]), words="not a valid Statement"),
    Attack(name="other contents than were signed", data=sign_raw(STATEMENT, pack_content({**MEMBERS, "log/x.txt": b""})), words="but"),
    Attack(name="a statement that was signed differently", data=format_sealed(replace(open_parts(BUNDLE), signatures=(sign_seal(STATEMENT + b" ", OPERATOR.key),))), words="is not valid for this statement"),
    Attack(name="a first signature that was taken out", data=format_sealed(replace(open_parts(CO_SIGNED), signatures=open_parts(CO_SIGNED).signatures[1:])), words="whose signature is missing"),
]  # fmt: skip
CONTENT = [
    Attack(name=name, data=seal(pack_content(edit(dict(MEMBERS)))), words=words) for name, edit, words in INNER_EDITS
]
