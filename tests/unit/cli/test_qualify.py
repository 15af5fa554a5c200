import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.bundle.trust_store import save_trust
from bench.bundle.write import write_bundle
from bench.errors import OutputError
from bench.records.bundle import Contents
from tests.unit.bundle.builder import EPHEMERAL, OPERATOR, STRANGER, SigningKey, make_trust
from tests.unit.cli.conftest import Invoke, Outcome
from tests.unit.compare.qualification.units import edit, make_contents

POLICY = """
name = "mine"
summary = "fast and fit"
[rules.governor]
check = "environment.governor"
equals = "performance"
[rules.latency]
check = "performance.latency_s"
at_most = 0.012
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(POLICY)
    return path


def write(folder: Path, contents: Contents, signer: SigningKey = EPHEMERAL) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{contents.info.run_id}.bench.tar"
    write_bundle(path, contents, signer)
    return path


def statements(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "out").glob("qualification-*.dsse.json"))


@pytest.fixture
def qualify(tmp_path: Path, invoke: Invoke, policy: Path) -> Invoke:
    def call(*arguments: object, rules: str | Path = policy) -> Outcome:
        options = ("--policy", str(rules), "--output", str(tmp_path / "out"))
        return invoke("qualify", *map(str, arguments), *options)

    return call


def test_a_unit_that_passes_every_rule_is_qualified_with_status_0_and_a_statement(
    tmp_path: Path, qualify: Invoke, invoke: Invoke
) -> None:
    outcome = qualify(write(tmp_path / "unit", make_contents()))
    assert outcome.status == 0
    assert outcome.out.startswith("QUALIFIED (5 passed)")
    (statement,) = statements(tmp_path)
    assert outcome.err == f"statement: {statement}\n"
    verified = invoke("verify", str(statement))
    assert verified.status == 0
    assert verified.out.startswith("intact, judged ")
    assert outcome.out in verified.out
    assert json.loads(invoke("verify", str(statement), "--json").out)["qualification"]["outcome"] == "qualified"
    assert "openssl pkeyutl -verify" in invoke("verify", str(statement), "--explain").out


def test_a_folder_means_every_bundle_in_it(tmp_path: Path, qualify: Invoke) -> None:
    for run, latency in ((1, 0.010), (2, 0.010), (3, 0.015)):
        write(tmp_path / "unit", make_contents(latency, run=run))
    outcome = qualify(tmp_path / "unit")
    assert outcome.status == 1
    assert outcome.out.startswith("NOT QUALIFIED (13 passed, 2 failed)")
    assert outcome.out.count("bundle 20260102T030405Z-0000000") == 3


def test_folders_are_searched_below_a_copy_counts_once_and_unfinished_runs_are_named(
    tmp_path: Path, qualify: Invoke
) -> None:
    (tmp_path / "unit").mkdir()
    path = write(tmp_path / "unit" / "rack-1", make_contents())
    (tmp_path / "unit" / "copy.bench.tar").write_bytes(path.read_bytes())
    (tmp_path / "unit" / "20260103T000000Z-0000000a.run").mkdir()
    outcome = qualify(tmp_path / "unit", path)
    assert outcome.status == 0
    assert outcome.out.count("bundle 20260102T030405Z-00000001") == 1
    assert "run 20260103T000000Z-0000000a was begun beside these bundles and has none" in outcome.out
    assert "nobody's signature was asked for" in outcome.out


def test_the_shipped_server_policy_asks_for_a_trust_store(tmp_path: Path, qualify: Invoke) -> None:
    unit = write(tmp_path / "unit", make_contents())
    good = write(tmp_path / "good", make_contents(run=9))
    outcome = qualify(unit, "--reference", good, rules="server-acceptance")
    assert outcome.status == 2
    assert outcome.err.endswith("the policy requires signatures; give the trust store with --trust\n")


def test_measurements_sealed_again_under_another_run_id_are_no_reference(tmp_path: Path, qualify: Invoke) -> None:
    unit = write(tmp_path / "unit", make_contents())
    again = write(tmp_path / "again", edit(make_contents(), "info.run_id", "20260102T030405Z-00000077"))
    for options in ((again,), ("--reference", again)):
        outcome = qualify(unit, *options)
        assert outcome.status == 2
        assert "hold the same measurements" in outcome.err


def test_a_statement_is_judged_again_from_its_bundles(
    tmp_path: Path, qualify: Invoke, invoke: Invoke, policy: Path
) -> None:
    unit = write(tmp_path / "unit", make_contents())
    assert qualify(unit).status == 0
    (statement,) = statements(tmp_path)
    outcome = invoke("verify", str(statement), str(unit.parent), "--policy", str(policy))
    assert outcome.status == 0
    assert "computed again from the bundles" in outcome.out
    assert "as the judge states" in invoke("verify", str(statement)).out
    policy.write_text(POLICY.replace("0.012", "0.013"))
    assert "name its file with --policy" in invoke("verify", str(statement), str(unit), "--policy", str(policy)).err
    assert invoke("verify", str(statement), "--policy", str(policy)).status == 2
    assert invoke("verify", str(unit), "--policy", str(policy)).status == 2
    stranger = write(tmp_path / "other", make_contents(run=2))
    policy.write_text(POLICY)
    assert invoke("verify", str(statement), str(stranger), "--policy", str(policy)).status == 2


def test_junit_and_json_say_the_same(tmp_path: Path, qualify: Invoke) -> None:
    junit = tmp_path / "junit.xml"
    outcome = qualify(write(tmp_path / "unit", make_contents(0.015)), "--json", "--junit", junit)
    assert outcome.status == 1
    assert json.loads(outcome.out)["outcome"] == "not_qualified"
    suite = ET.fromstring(junit.read_bytes())[0]  # noqa: S314 - our own
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("5", "2")


def test_too_few_data_to_say_are_status_3(tmp_path: Path, qualify: Invoke) -> None:
    outcome = qualify(write(tmp_path / "unit", make_contents(0.01199)))
    assert outcome.status == 3
    assert outcome.out.startswith("UNDECIDED")
    assert "its interval lies on both sides of the limit" in outcome.out


def test_bundles_of_different_machines_are_status_4_and_nothing_is_signed(tmp_path: Path, qualify: Invoke) -> None:
    write(tmp_path / "unit", make_contents())
    write(tmp_path / "unit", edit(make_contents(run=2), "machine.cpu.model_name", "Other CPU"))
    outcome = qualify(tmp_path / "unit")
    assert outcome.status == 4
    assert "cpu.model_name is 'Test CPU' in run" in outcome.err
    assert outcome.err.count("\n") == 1
    assert statements(tmp_path) == []


def test_an_altered_bundle_is_status_6_and_named(tmp_path: Path, qualify: Invoke) -> None:
    path = write(tmp_path / "unit", make_contents())
    data = bytearray(path.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    path.write_bytes(data)
    outcome = qualify(path)
    assert outcome.status == 6
    assert f"{path}: not verified, step 4 (subject)" in outcome.err


def test_with_a_trust_store_strangers_do_not_count_and_roles_are_asked_for(
    tmp_path: Path, qualify: Invoke, policy: Path
) -> None:
    trust = tmp_path / "trust.json"
    save_trust(trust, make_trust(operator=OPERATOR))
    finished = "2026-01-02T03:05:05Z"
    ours = write(tmp_path / "ours", edit(make_contents(), "info.finished_at", finished), OPERATOR)
    assert qualify(write(tmp_path / "theirs", make_contents(), STRANGER), "--trust", trust).status == 6
    assert qualify(ours, "--trust", trust).status == 0
    for role, status in (("operator", 0), ("vendor", 6)):
        policy.write_text(f'{POLICY}[rules.signed]\ncheck = "environment.signed_by"\ncontains = ["{role}"]\n')
        outcome = qualify(ours, "--trust", trust)
        assert outcome.status == status
    assert outcome.out.startswith("NOT VERIFIED")
    assert "--trust" in qualify(ours).err


def test_the_statement_is_signed_with_the_key_that_is_named(tmp_path: Path, qualify: Invoke, invoke: Invoke) -> None:
    key = tmp_path / "lab.pem"
    assert invoke("keygen", str(key), "--no-passphrase").status == 0
    assert qualify(write(tmp_path / "unit", make_contents()), "--key", key).status == 0
    (statement,) = statements(tmp_path)
    assert invoke("verify", str(statement), "--key", f"{key}.pub").status == 0
    assert invoke("keygen", str(tmp_path / "other.pem"), "--no-passphrase").status == 0
    assert invoke("verify", str(statement), "--key", f"{tmp_path / 'other.pem'}.pub").status == 6


def test_references_give_limits(tmp_path: Path, qualify: Invoke) -> None:
    unit = write(tmp_path / "unit", make_contents(0.0102))
    reference = write(tmp_path / "good", make_contents(0.01, run=9))
    assert qualify(unit, "--reference", reference, rules="regression-gate").status == 0
    assert qualify(unit, "--reference", tmp_path / "good", rules="regression-gate").status == 0
    slow = write(tmp_path / "slow", make_contents(0.0120, run=2))
    assert qualify(slow, "--reference", reference, rules="regression-gate").status == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unit", "--policy", "gate"), "no policy 'gate'; there are regression-gate, server-acceptance"),
        (("unit", "--policy", "regression-gate"), "are compared with references; name them with --reference"),
        (("empty", "--policy", "regression-gate"), "no *.bench.tar in this folder or below"),
        (("unit", "--policy", "server-acceptance"), "are compared with references"),
        (("nowhere", "--policy", "regression-gate"), "No such file"),
        (("unit",), "Missing option '--policy'"),
        (("--policy", "mine.toml"), "Missing argument"),
    ],
)
@pytest.mark.usefixtures("policy")
def test_an_invalid_request_is_status_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "unit", make_contents())
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    outcome = invoke("qualify", *arguments)
    assert outcome.status == 2
    assert words in outcome.err


def test_an_emulated_run_is_refused_by_any_policy(tmp_path: Path, qualify: Invoke) -> None:
    contents = edit(make_contents(), "machine.cpu.emulated", value=True)
    outcome = qualify(write(tmp_path / "unit", contents))
    assert outcome.status == 1
    assert "never-emulated" in outcome.out


def test_the_statement_is_written_before_anything_can_fail(
    tmp_path: Path, qualify: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OutputError("standard output: no space left on device")

    monkeypatch.setattr("bench.cli.console.print_json", fail)
    outcome = qualify(write(tmp_path / "unit", make_contents()), "--json", "--junit", tmp_path / "junit.xml")
    assert outcome.status == 7
    assert len(statements(tmp_path)) == 1
    assert (tmp_path / "junit.xml").exists()


def test_a_report_that_cannot_be_written_is_found_before_anything_is_judged(tmp_path: Path, qualify: Invoke) -> None:
    outcome = qualify(write(tmp_path / "unit", make_contents()), "--junit", tmp_path / "nowhere" / "junit.xml")
    assert (outcome.status, outcome.out) == (7, "")
    assert outcome.err.startswith(f"bench: {tmp_path}/nowhere/junit.xml: there is no folder ")
    assert not statements(tmp_path)
