import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.envelope import format_envelope, sign_statement
from bench.bundle.explain_qualification import explain_qualification
from bench.bundle.qualification import (
    format_qualification,
    verify_qualification,
    write_qualification,
)
from bench.bundle.seal import SigningKey
from bench.bundle.signers import Requirements
from bench.bundle.sshsig import NAMESPACE
from bench.bundle.statement import SealedBy
from bench.bundle.verdict_statement import open_statement
from bench.errors import BenchError, BundleError, OutputError
from bench.records.qualification import BundleName, Limit, PolicyName, Qualification, RuleVerdict
from bench.records.summary import Interval
from tests.builders import DIGEST
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL, NOW, OPERATOR, STRANGER, make_trust, seal_contents, unpack

RUN = "20260102T030405Z-0123abcd"
QUALIFICATION = Qualification(
    judged_at="2026-05-31T12:00:00Z",
    outcome="not_qualified",
    policy=PolicyName(name="mine", digest=DIGEST),
    bundles=(BundleName(run_id=RUN, digest=DIGEST),),
    references=(),
    verdicts=(
        RuleVerdict(
            rule="cores",
            check="hardware.core_count",
            run_id=RUN,
            cell=None,
            value=2,
            interval=None,
            unit="",
            limit=Limit(comparator="at_least", wanted=64),
            outcome="failed",
        ),
        RuleVerdict(
            rule="latency",
            check="performance.latency_s",
            run_id=RUN,
            cell="resnet50/latency",
            value=0.01,
            interval=Interval(point=0.01, low=0.009, high=0.011),
            unit="s",
            limit=Limit(comparator="at_most", wanted=0.02),
            outcome="passed",
        ),
    ),
    notes=(),
)


def refuse(
    path: Path, words: str, requirements: Requirements | None = None, kind: type[BenchError] = BundleError
) -> None:
    with pytest.raises(kind) as refusal:
        verify_qualification(open_statement(path), requirements, now=NOW)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def forge(path: Path, old: bytes, new: bytes, signer: SigningKey = OPERATOR) -> None:
    """Change the statement, and sign it again with the same key."""
    payload = base64.b64decode(json.loads(path.read_bytes())["payload"])
    assert old in payload
    forged = payload.replace(old, new)
    path.write_bytes(format_envelope(forged, (sign_statement(forged, signer.key),)))


def test_a_statement_verifies_and_is_an_in_toto_statement_about_the_bundles(tmp_path: Path) -> None:
    path = write_qualification(tmp_path / "new", QUALIFICATION, OPERATOR)
    assert path.name.startswith("qualification-20260531T120000Z-")
    proof = verify_qualification(open_statement(path), now=NOW)
    assert proof.qualification == QUALIFICATION
    assert (proof.signer.fingerprint, proof.signer.status) == (OPERATOR.fingerprint, "untrusted")
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://bench-appliance.org/attestation/qualification/v1"
    assert statement["subject"] == [{"name": f"{RUN}/content.tar", "digest": {"sha256": "0" * 64}}]
    assert statement["predicate"]["qualification"]["outcome"] == "not_qualified"


def test_the_same_verdict_and_key_give_the_same_file(tmp_path: Path) -> None:
    one, two = (write_qualification(tmp_path / name, QUALIFICATION, OPERATOR) for name in ("one", "two"))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_an_ephemeral_key_shows_it_intact_and_identifies_nobody(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, EPHEMERAL)
    assert verify_qualification(open_statement(path), now=NOW).signer.status == "ephemeral"


def test_the_readers_trust_decides_who_may_judge(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    trusted = Requirements(trust=make_trust(lab=OPERATOR), roles=("lab",))
    assert verify_qualification(open_statement(path), trusted, now=NOW).signer.roles == ("lab",)
    refuse(path, "no key of the trust store has signed", Requirements(trust=make_trust(lab=STRANGER)))
    refuse(path, "not signed by the key", Requirements(keys=frozenset({STRANGER.fingerprint})))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"outcome": "not_qualified"', b'"outcome": "qualified"', "its own verdicts say not_qualified"),
        (b'"outcome": "failed"', b'"outcome": "passed"', "its own verdicts say qualified"),
        (
            b'"value": 0.01',
            b'"value": "0.01"',
            "rule latency of run 20260102T030405Z-0123abcd resnet50/latency is passed, but",
        ),
        (b'"high": 0.011', b'"high": 0.5', "its value and its limit say undecided"),
        (
            b'latency_s",\n     "run_id": "2026',
            b'latency_s",\n     "run_id": "2027',
            "has no verdict of rule latency",
        ),
        (b'"sha256": "0', b'"sha256": "1', "its subjects are not the bundles that were judged"),
        (b'"schema"', b'"colour": 1,\n   "schema"', "unknown field `colour`"),
        (b'"value": 2', b'"value": 1,\n      "value": 2', "duplicate key"),
        (b"attestation/qualification", b"attestation/cpu-benchmark", "Invalid enum value"),
        (b'"kind": "key"', b'"kind": "sworn"', "kind"),
        (b"T12:00:00Z", b"T25:00:00Z", "is not a time"),
    ],
    ids=[
        "a verdict against its rules",
        "a rule against the verdict",
        "a value of another kind",
        "an interval beyond the limit",
        "a rule of no bundle",
        "another subject",
        "an unknown key",
        "a key twice",
        "another predicate",
        "another kind of key",
        "no such hour",
    ],
)
def test_a_statement_that_contradicts_itself_is_refused_whoever_signed(
    tmp_path: Path, old: bytes, new: bytes, words: str
) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    forge(path, old, new)
    refuse(path, words)


def test_altered_bytes_and_other_keys_are_refused(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    whole = path.read_bytes()
    envelope = json.loads(whole)
    payload = base64.b64decode(envelope["payload"]).replace(b'"value": 2', b'"value": 9')
    path.write_bytes(whole.replace(envelope["payload"].encode(), base64.b64encode(payload)))
    refuse(path, "is not valid for this statement")
    forge(path, b'"value": 9', b'"value": 2', STRANGER)
    refuse(path, "the key beside it is")
    path.write_bytes(whole + b" ")
    refuse(path, "not canonical JSON")


def test_a_strangers_key_with_a_strangers_signature_does_not_make_a_judge(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    other = write_qualification(tmp_path / "other", QUALIFICATION, STRANGER)
    forge(path, b'"value": 2', b'"value": 3', STRANGER)
    path.with_name(path.name.replace(".dsse.json", ".pub")).write_bytes(
        other.with_name(other.name.replace(".dsse.json", ".pub")).read_bytes()
    )
    refuse(path, f"says that {OPERATOR.fingerprint} judged, but {STRANGER.fingerprint} has signed")


def test_a_second_signature_is_refused(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    payload = base64.b64decode(json.loads(path.read_bytes())["payload"])
    both = tuple(sign_statement(payload, signer.key) for signer in (OPERATOR, STRANGER))
    path.write_bytes(format_envelope(payload, both))
    refuse(path, "2 signatures")


def test_a_missing_key_and_another_name_are_usage_errors(tmp_path: Path) -> None:
    path = write_qualification(tmp_path, QUALIFICATION, OPERATOR)
    path.with_name(path.name.replace(".dsse.json", ".pub")).unlink()
    refuse(path, "No such file", kind=BenchError)
    moved = path.rename(tmp_path / "statement.json")
    refuse(moved, "is named ....dsse.json", kind=BenchError)


def test_a_number_that_is_none_is_not_signed() -> None:
    first = replace(QUALIFICATION.verdicts[0], value=float("nan"))
    with pytest.raises(BundleError, match="not finite"):
        format_qualification(
            replace(QUALIFICATION, verdicts=(first,)), SealedBy(kind="key", fingerprint=OPERATOR.fingerprint)
        )


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another folder"):
        write_qualification(tmp_path / "file" / "results", QUALIFICATION, OPERATOR)


def run_script(path: Path, bundle: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run the explanation as a shell script, with real openssl and a cosign that only shows how it was called."""
    cosign = path.parent / "cosign"
    cosign.write_text('#!/bin/sh\necho "cosign $*"\n')
    cosign.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        env={"PATH": f"{path.parent}:/usr/bin:/bin", "bundle": str(bundle)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_other_peoples_programs_check_the_same(tmp_path: Path) -> None:
    data = seal_contents(CONTENTS)
    bundle = tmp_path / "x.bench.tar"
    bundle.write_bytes(data)
    digest = f"sha256:{hashlib.sha256(unpack(data)['content.tar']).hexdigest()}"
    judged = replace(QUALIFICATION, bundles=(BundleName(run_id=RUN, digest=digest),))
    path = write_qualification(tmp_path / "it's mine", judged, OPERATOR)
    opened = open_statement(path)
    script = explain_qualification(opened, verify_qualification(opened, now=NOW))
    result = run_script(path, bundle, script)
    assert result.returncode == 0, result.stderr
    assert "Signature Verified Successfully" in result.stdout
    assert f'Good "{NAMESPACE}" signature for {OPERATOR.fingerprint}' in result.stdout
    assert "cosign verify-blob-attestation --bundle qualification-" in result.stdout
    forge(path, b'"value": 2', b'"value": 9', STRANGER)
    assert run_script(path, bundle, script).returncode != 0
    other = write_qualification(tmp_path / "other", QUALIFICATION, OPERATOR)
    opened = open_statement(other)
    script = explain_qualification(opened, verify_qualification(opened, now=NOW))
    assert run_script(other, bundle, script).returncode != 0
