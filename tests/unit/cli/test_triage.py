import base64
import json
import os
from dataclasses import replace as replace_part
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.bundle.envelope import format_envelope, sign_statement
from bench.bundle.keys import format_public_pem
from bench.bundle.seal import format_sealed
from bench.records.record import decode_json
from bench.records.triage import Triage
from bench.verification import processes
from tests.unit.bundle.builder import OPERATOR, open_parts, pack_content, seal, unpack_content
from tests.unit.cli.conftest import Invoke, Outcome
from tests.unit.triage.fleets import ODD, keep, make_fleet, make_run


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting processes takes longer than verifying these bundles."""
    monkeypatch.setattr(processes, "_CHUNK", 1000)


@pytest.fixture
def odd_fleet(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    odd = {
        "n003": make_run(3, 1.15),
        "n005": make_run(5, outputs=ODD),
        "n007": make_run(7, machine__settings__governor="powersave"),
    }
    for contents in make_fleet(12, **odd):
        keep(folder, contents)
    return folder


@pytest.fixture
def fine_fleet(tmp_path: Path) -> Path:
    folder = tmp_path / "fine"
    for contents in make_fleet(12):
        keep(folder, contents)
    return folder


@pytest.fixture
def triage(tmp_path: Path, invoke: Invoke) -> Invoke:
    def call(*arguments: object) -> Outcome:
        return invoke("triage", *map(str, arguments), "--output", str(tmp_path / "out"))

    return call


def test_a_fleet_that_is_all_fine_is_status_0(fine_fleet: Path, triage: Invoke) -> None:
    outcome = triage(fine_fleet)
    assert outcome.status == 0
    assert outcome.out.startswith("all fine: 12 fine (exit status 0)\n")
    assert "is called slow in at most 1% of triages" in outcome.out
    assert "or with tails up to those of Student's t with 5 degrees of freedom" in outcome.out


def test_odd_machines_are_status_1_with_table_drift_and_a_loud_line(
    odd_fleet: Path, triage: Invoke, invoke: Invoke, tmp_path: Path
) -> None:
    outcome = triage(odd_fleet, "--wide")
    assert outcome.status == 1
    assert outcome.out.startswith("odd machines found: 1 SLOW, 1 WRONG OUTPUTS, 10 fine (exit status 1)\n")
    assert "machine.settings.governor: powersave on n007; performance on 11" in outcome.out
    assert "n005 COMPUTED SOMETHING ELSE in resnet50" in outcome.out
    assert "+15." in next(line for line in outcome.out.splitlines() if line.startswith("n003"))
    (statement,) = (tmp_path / "out").glob("triage-*.dsse.json")
    assert str(statement) in outcome.err
    verified = invoke("verify", str(statement))
    assert verified.status == 0
    assert "1 SLOW, 1 WRONG OUTPUTS, 10 fine" in verified.out


def test_lists_and_junit_and_json_say_the_same(odd_fleet: Path, triage: Invoke, tmp_path: Path) -> None:
    lists, junit = tmp_path / "lists", tmp_path / "triage.xml"
    outcome = triage(odd_fleet, "--json", "--hosts", lists, "--junit", junit)
    found = decode_json(outcome.out.encode(), Triage, source="triage")
    assert {machine.name for machine in found.machines if machine.outcome == "fine"} == set(
        (lists / "nodes.ok").read_text().split()
    )
    assert (lists / "nodes.bad").read_text() == "n003\nn005\n"
    assert (lists / "nodes.suspect").read_text() == ""
    suite = ET.parse(junit).getroot().find("testsuite")  # noqa: S314 - bench's own
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("12", "2", "0")


def test_the_order_of_files_changes_nothing_and_a_copy_counts_once(
    fine_fleet: Path, triage: Invoke, tmp_path: Path
) -> None:
    paths = sorted(fine_fleet.iterdir())
    copy = tmp_path / "copy.bench.tar"
    copy.write_bytes(paths[0].read_bytes())
    first = json.loads(triage(*paths, "--json").out)
    second = json.loads(triage(copy, *reversed(paths), "--json").out)
    assert first | {"judged_at": ""} == second | {"judged_at": ""}


def test_references_are_named_apart(fine_fleet: Path, triage: Invoke, tmp_path: Path) -> None:
    new = keep(tmp_path / "new", make_run(40, 1.2))
    outcome = triage(new, "--reference", fine_fleet)
    assert outcome.status == 1
    assert "class 0: 1 machine, 12 references" in outcome.out


def test_too_few_machines_are_status_4(triage: Invoke, tmp_path: Path) -> None:
    outcome = triage(keep(tmp_path / "one", make_run(1)))
    assert outcome.status == 4
    assert "n001: machines of its class with numbers: 1, and 4 are needed" in outcome.out


def test_a_narrow_margin_is_status_3_and_says_what_would_help(fine_fleet: Path, triage: Invoke) -> None:
    outcome = triage(fine_fleet, "--margin", "1%")
    assert outcome.status == 3
    assert "12 too noisy" in outcome.out
    assert "allow a wider --margin" in outcome.out


def test_an_altered_bundle_is_status_6_and_judges_nobody(fine_fleet: Path, triage: Invoke) -> None:
    path = min(fine_fleet.iterdir())
    path.write_bytes(path.read_bytes().replace(b"Test CPU", b"Best CPU"))
    outcome = triage(fine_fleet)
    assert outcome.status == 6
    assert "11 fine" in outcome.out
    assert f"not verified: {path}" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--metric", "nothing"), "machines cannot be compared by 'nothing'; use one of latency_s"),
        (("--level", "0%"), "--level"),
        (("--trust-key", "x.pub"), "--trust-key is given without --trust"),
        (("--reference", "nowhere"), "no such file or folder"),
    ],
)
def test_a_wrong_use_is_status_2(fine_fleet: Path, triage: Invoke, arguments: tuple[str, ...], words: str) -> None:
    outcome = triage(fine_fleet, *arguments)
    assert outcome.status == 2
    assert words in outcome.err


def test_a_triage_is_verified_alone(odd_fleet: Path, triage: Invoke, invoke: Invoke, tmp_path: Path) -> None:
    triage(odd_fleet)
    (statement,) = (tmp_path / "out").glob("triage-*.dsse.json")
    outcome = invoke("verify", str(statement), str(min(odd_fleet.iterdir())))
    assert outcome.status == 2
    assert "a triage is verified alone" in outcome.err
    assert json.loads(invoke("verify", str(statement), "--json").out)["triage"]["outcome"] == "odd_machines"


def test_a_statement_of_another_kind_is_named_with_the_kinds_that_are_known(
    odd_fleet: Path, triage: Invoke, invoke: Invoke, tmp_path: Path
) -> None:
    triage(odd_fleet)
    (statement,) = (tmp_path / "out").glob("triage-*.dsse.json")
    payload = base64.b64decode(json.loads(statement.read_bytes())["payload"]).replace(b"/triage/v1", b"/weather/v1")
    signature = sign_statement(payload, OPERATOR.key)
    statement.write_bytes(format_envelope(payload, (signature,)))
    statement.with_name(statement.name.removesuffix(".dsse.json") + ".pub").write_bytes(
        format_public_pem(signature.key)
    )
    outcome = invoke("verify", str(statement))
    assert outcome.status == 6
    assert "its predicateType is 'https://bench-appliance.org/attestation/weather/v1'" in outcome.err
    assert "/qualification/v1 and https://bench-appliance.org/attestation/triage/v1" in outcome.err


def seal_bytes(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes of a bundle's content as its author could, before it is signed."""
    sealed = open_parts(path.read_bytes())
    members = unpack_content(sealed.content)
    changed = {name: data.replace(old, new, 1) for name, data in members.items()}
    assert changed != members
    again = open_parts(seal(pack_content(changed)))
    path.write_bytes(format_sealed(replace_part(again, disclosures=sealed.disclosures)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"model_name": "Test CPU"', b'"model_name": "Test\\u001b[2KCPU"', "not a valid Machine: "),
        (b'"elapsed_ns":', b'"elapsed_ns":NaN,"iterations":', "not a valid Measurement: "),
        (b'"elapsed_ns":', b'"elapsed_ns":1e999,"iterations":', "not a valid Measurement: "),
        (b'"elapsed_ns":', b'"elapsed_ns":-', "not a valid Measurement: "),
    ],
    ids=["control character", "NaN", "infinite", "negative"],
)
def test_a_signed_bundle_with_a_hostile_value_judges_nobody_and_is_one_line(
    old: bytes, new: bytes, words: str, fine_fleet: Path, triage: Invoke
) -> None:
    path = min(fine_fleet.iterdir())
    seal_bytes(path, old, new)
    outcome = triage(fine_fleet)
    assert outcome.status == 6
    (line,) = [line for line in outcome.out.splitlines()[1:] if line.startswith("not verified: ")]
    assert words in line
    assert "11 fine" in outcome.out


def test_what_is_no_bundle_is_one_line_also_under_a_name_that_is_no_text_and_home_folders_are_not_sealed(
    fine_fleet: Path, triage: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (fine_fleet / os.fsdecode(b"\xff\x1b[2K.bench.tar")).write_bytes(b"nothing")
    outcome = triage(fine_fleet)
    assert outcome.status == 6
    (line,) = [line for line in outcome.out.splitlines()[1:] if line.startswith("not verified: ")]
    assert line.startswith(r"not verified: ~/fine/\udcff\x1b[2K.bench.tar: ")
    (statement,) = (tmp_path / "out").glob("triage-*.dsse.json")
    payload = base64.b64decode(json.loads(statement.read_bytes())["payload"])
    assert str(tmp_path).encode() not in payload
