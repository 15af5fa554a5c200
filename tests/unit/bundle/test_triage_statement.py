import base64
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle import verdict_statement
from bench.bundle.envelope import format_envelope, sign_statement
from bench.bundle.seal import SigningKey
from bench.bundle.signers import Requirements
from bench.bundle.triage_statement import TRIAGE_TYPE, verify_triage, write_triage
from bench.bundle.verdict_statement import open_statement
from bench.errors import BundleError, UsageError
from bench.records.triage import Triage
from tests.unit.bundle.builder import EPHEMERAL, NOW, OPERATOR, STRANGER, make_trust
from tests.unit.triage.fleets import ODD, judge, make_fleet, make_run

TRIAGE = judge(make_fleet(20, n003=make_run(3, 1.3), n005=make_run(5, 1.035), n006=make_run(6, outputs=ODD)))


def refuse(path: Path, words: str, requirements: Requirements | None = None) -> None:
    with pytest.raises(BundleError) as refusal:
        verify_triage(open_statement(path), requirements, now=NOW)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def forge(path: Path, old: str, new: str, signer: SigningKey = OPERATOR, count: int = 1) -> None:
    """Change the statement, and sign it again with the same key."""
    payload = base64.b64decode(json.loads(path.read_bytes())["payload"])
    assert old.encode() in payload
    forged = payload.replace(old.encode(), new.encode(), count)
    path.write_bytes(format_envelope(forged, (sign_statement(forged, signer.key),)))


def write(folder: Path, triage: Triage = TRIAGE, signer: SigningKey = OPERATOR) -> Path:
    return write_triage(folder, triage, signer)


def test_a_statement_verifies_and_its_subjects_are_all_bundles(tmp_path: Path) -> None:
    path = write(tmp_path)
    proof = verify_triage(open_statement(path), now=NOW)
    assert proof.triage == TRIAGE
    assert proof.signer.status == "untrusted"
    payload = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    assert payload["predicateType"] == TRIAGE_TYPE
    assert len(payload["subject"]) == 20
    assert sorted(item.suffix for item in tmp_path.iterdir()) == [".json", ".json", ".pub", ".sshsig"]


def test_a_statement_that_verify_would_not_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict_statement, "MAX_STATEMENT_BYTES", 5000)
    with pytest.raises(UsageError, match=r"the triage has [0-9,]+ bytes, and bench verify reads 5,000; name fewer"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_references_are_subjects_too(tmp_path: Path) -> None:
    triage = judge([make_run(30)], make_fleet(10))
    payload = json.loads(base64.b64decode(json.loads(write(tmp_path, triage).read_bytes())["payload"]))
    assert len(payload["subject"]) == 11


def test_a_trusted_judge_is_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    requirements = Requirements(trust=make_trust(operator=OPERATOR))
    assert verify_triage(open_statement(path), requirements, now=NOW).signer.status == "trusted"
    refuse(
        write(tmp_path / "other", signer=STRANGER),
        "no key of the trust store has signed",
        Requirements(trust=make_trust(operator=OPERATOR)),
    )


def test_an_ephemeral_key_shows_that_it_is_intact(tmp_path: Path) -> None:
    assert verify_triage(open_statement(write(tmp_path, signer=EPHEMERAL)), now=NOW).signer.status == "ephemeral"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"outcome": "slow"', '"outcome": "fine"', "by its own numbers it is slow"),
        ('"outcome": "suspect"', '"outcome": "fine"', "by its own numbers it is suspect"),
        ('"outcome": "wrong_outputs"', '"outcome": "fine"', "by its own numbers it is wrong_outputs"),
        ('"outcome": "fine"', '"outcome": "slow"', "by its own numbers it is fine"),
        ('"outcome": "fine"', '"outcome": "not_comparable"', "by its own numbers it is fine"),
        ('"odd": true', '"odd": false', "at level 0.01"),
        ('"suspect": true', '"suspect": false', "at level 0.01"),
        ('"margin_ratio": 0.1', '"margin_ratio": 0.001', "by its own numbers it is too_noisy"),
        ('"machines": 20', '"machines": 21', "class 0 has 21 machines, but verdicts on 20"),
        ('"machine_class": 0', '"machine_class": 7', "class"),
    ],
)
def test_a_judge_cannot_contradict_the_numbers(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = write(tmp_path)
    forge(path, old, new)
    refuse(path, words)


def test_the_outcome_follows_from_the_verdicts(tmp_path: Path) -> None:
    path = write(tmp_path)
    forge(path, '"outcome": "odd_machines"', '"outcome": "all_fine"')
    refuse(path, "its outcome is all_fine, its own verdicts say odd_machines")


def test_a_bundle_cannot_count_twice_nor_be_left_out(tmp_path: Path) -> None:
    names = [machine.bundles[0] for machine in TRIAGE.machines]
    machines = (replace(TRIAGE.machines[0], bundles=(names[1],)), *TRIAGE.machines[1:])
    with pytest.raises(BundleError, match="counts twice"):
        write(tmp_path, replace(TRIAGE, machines=machines))
    path = write(tmp_path)
    forge(path, names[0].digest.removeprefix("sha256:"), "f" * 64)
    refuse(path, "its subjects are not the bundles that were judged")


def test_what_is_altered_without_the_key_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    forge(path, '"outcome": "slow"', '"outcome": "fine"', STRANGER)
    refuse(path, "signed by")


def test_a_statement_by_another_name_is_no_statement(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is named \.\.\.\.dsse\.json"):
        open_statement(tmp_path / "triage.json")
