import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.content import format_members
from bench.bundle.write import write_bundle
from bench.records.bundle import Citation
from bench.records.measurement import Failure
from bench.stats.summary import summarize
from bench.verification.chain import read_digest
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL, on_day, pack_content, seal
from tests.unit.cli.conftest import Invoke


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, CONTENTS, EPHEMERAL)
    return path


@pytest.fixture
def key(tmp_path: Path, invoke: Invoke) -> Path:
    path, passphrase = tmp_path / "operator.pem", tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    assert invoke("keygen", str(path), "--passphrase-file", str(passphrase)).status == 0
    return path


def sign(invoke: Invoke, bundle: Path, key: Path) -> None:
    outcome = invoke("sign", str(bundle), "--key", str(key), "--passphrase-file", str(key.with_name("passphrase")))
    assert (outcome.status, outcome.err) == (0, "")


def test_an_intact_bundle_from_an_unknown_signer_verifies_and_says_so(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("verify", str(bundle))
    assert outcome.status == 0
    assert "intact     run 20260102T030405Z-0123abcd" in outcome.out
    assert ": ephemeral (" in outcome.out
    assert "merely stated by firmware or hypervisor" in outcome.out


def test_an_altered_bundle_is_one_line_and_status_6(bundle: Path, invoke: Invoke) -> None:
    data = bytearray(bundle.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    bundle.write_bytes(data)
    for verb in ("verify", "show"):
        outcome = invoke(verb, str(bundle))
        assert outcome.status == 6
        assert outcome.err.startswith(f"bench: {bundle}: not verified, step 4 (subject): content.tar has the digest")
        assert outcome.err.count("\n") == 1
        assert outcome.out == ""


def test_a_key_given_with_key_must_have_signed(bundle: Path, key: Path, invoke: Invoke) -> None:
    public = f"{key}.pub"
    outcome = invoke("verify", str(bundle), "--key", public)
    assert outcome.status == 6
    assert "not signed by the key SHA256:" in outcome.err
    sign(invoke, bundle, key)
    outcome = invoke("verify", str(bundle), "--key", public)
    assert outcome.status == 0
    assert ": trusted (" in outcome.out


def test_a_trust_store_decides_which_signers_are_trusted(
    bundle: Path, key: Path, invoke: Invoke, tmp_path: Path
) -> None:
    trust = ("--trust", str(tmp_path / "trust.json"))
    assert invoke("trust", "add", f"{key}.pub", "--owner", "operator@lab", "--role", "operator", *trust).status == 0
    assert "operator@lab" in invoke("trust", "list", *trust).out
    unsigned = invoke("verify", str(bundle), *trust)
    assert unsigned.status == 6
    assert "no key of the trust store has signed" in unsigned.err
    sign(invoke, bundle, key)
    assert invoke("verify", str(bundle), *trust).status == 0
    required = invoke("verify", str(bundle), *trust, "--require", "operator")
    assert required.status == 0
    assert "of operator@lab as operator: trusted" in required.out
    assert invoke("verify", str(bundle), *trust, "--require", "vendor").status == 2
    name = next(
        word
        for word in required.out.split()
        if word.startswith("SHA256:") and word in invoke("trust", "list", *trust).out
    )
    assert invoke("trust", "revoke", name, "--reason", "compromised", *trust).status == 0
    assert invoke("verify", str(bundle), *trust).status == 6


def test_a_key_in_the_trust_store_that_did_not_sign_does_not_help(
    bundle: Path, key: Path, invoke: Invoke, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    assert invoke("keygen", str(other), "--no-passphrase").status == 0
    trust = ("--trust", str(tmp_path / "trust.json"))
    assert invoke("trust", "add", f"{other}.pub", "--owner", "other@lab", "--role", "operator", *trust).status == 0
    sign(invoke, bundle, key)
    assert invoke("verify", str(bundle), *trust).status == 6


def test_keys_are_encrypted_private_and_never_overwritten(key: Path, invoke: Invoke) -> None:
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert key.stat().st_mode & 0o777 == 0o600
    outcome = invoke("keygen", str(key), "--no-passphrase")
    assert outcome.status == 7
    assert "never overwritten" in outcome.err


def test_a_wrong_passphrase_is_one_line(bundle: Path, key: Path, invoke: Invoke, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("tr0ub4dor\n")
    outcome = invoke("sign", str(bundle), "--key", str(key), "--passphrase-file", str(wrong))
    assert outcome.status == 6
    assert outcome.err.count("\n") == 1


def test_an_altered_bundle_gets_no_signature(bundle: Path, key: Path, invoke: Invoke) -> None:
    data = bytearray(bundle.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    bundle.write_bytes(data)
    outcome = invoke("sign", str(bundle), "--key", str(key), "--passphrase-file", str(key.with_name("passphrase")))
    assert outcome.status == 6
    assert bundle.read_bytes() == data


def test_show_prints_the_table_again(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("show", str(bundle))
    assert outcome.status == 0
    assert "resnet50" in outcome.out
    assert json.loads(invoke("show", str(bundle), "--json").out)["info"]["run_id"] == CONTENTS.info.run_id


def test_json_has_the_rows_of_the_tables_and_the_records_behind_them(bundle: Path, invoke: Invoke) -> None:
    shown = json.loads(invoke("show", str(bundle), "--json").out)
    assert shown["bundle"] == str(bundle)
    assert [row["cell"] for row in shown["rows"]["cells"]] == [cell.cell for cell in CONTENTS.summary.cells]
    assert [row["marks"] for row in shown["rows"]["cells"]] == [
        cell.get("marks", []) for cell in shown["summary"]["cells"]
    ]
    assert [row["cell"] for row in shown["rows"]["failed"]] == [CONTENTS.plan.cells[2].id]
    assert shown == json.loads(invoke("show", str(bundle), "--format", "json").out)


def test_json_of_evidence_and_effective_settings_has_their_rows(bundle: Path, invoke: Invoke) -> None:
    shown = json.loads(invoke("show", str(bundle), "--evidence", "--effective", "--json").out)
    assert [row["cell"] for row in shown["evidence"]] == [cell.id for cell in CONTENTS.plan.cells]
    assert {(row["repetition"], row["instance"]) for row in shown["effective"]} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert list(json.loads(invoke("show", str(bundle), "--evidence", "--json").out)) == ["evidence"]


def test_operators_are_printed_as_text_and_json(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("show", str(bundle), "--operators")
    assert outcome.status == 0
    assert "no operators were recorded in this run" in outcome.out
    shown = json.loads(invoke("show", str(bundle), "--operators", "--json").out)
    assert [row["cell"] for row in shown["operators"]] == [cell.id for cell in CONTENTS.plan.cells]


def test_evidence_in_a_format_for_runs_is_wrong_usage(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("show", str(bundle), "--evidence", "--format", "junit")
    assert outcome.status == 2
    assert "--evidence prints text or json" in outcome.err


def test_verify_prints_an_explanation_or_json(bundle: Path, invoke: Invoke) -> None:
    assert "openssl" in invoke("verify", str(bundle), "--explain").out
    shown = json.loads(invoke("verify", str(bundle), "--json").out)
    assert shown["intact"] is True
    assert shown["signers"][0]["status"] == "ephemeral"


def test_redaction_hides_what_is_private_and_verifies(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("redact", str(bundle))
    public = bundle.with_name("x.redacted.bench.tar")
    assert outcome.status == 0
    assert outcome.err.startswith(
        "still in it, and may identify machine or owner: bundle.run_id and times: 1; machine.cpu"
    )
    assert f"{public}: hidden firmware.bios_version, " in outcome.out
    assert b"node7" not in public.read_bytes()
    shown = invoke("verify", str(public))
    assert shown.status == 0
    assert "hidden     firmware.bios_version, firmware.board_vendor, firmware.product_name" in shown.out
    assert json.loads(invoke("verify", str(public), "--json").out)["hidden"][-1] == "note"
    assert "note: before the upgrade" in invoke("show", str(bundle)).out
    assert "note:" not in invoke("show", str(public)).out


def test_redaction_is_printed_as_json(bundle: Path, invoke: Invoke, tmp_path: Path) -> None:
    public = tmp_path / "public.bench.tar"
    outcome = invoke("redact", str(bundle), "--field", "host_name", "--output", str(public), "--json")
    assert (outcome.status, outcome.err) == (0, "")
    shown = json.loads(outcome.out)
    assert shown["bundle"] == str(public)
    assert shown["redaction"]["hidden"] == ["host_name"]
    assert shown["redaction"].keys() == {"hidden", "left", "identifying"}
    assert public.is_file()


def test_single_fields_are_redacted_into_a_named_file(bundle: Path, invoke: Invoke, tmp_path: Path) -> None:
    public = tmp_path / "public.bench.tar"
    outcome = invoke("redact", str(bundle), "--field", "host_name", "--output", str(public))
    assert outcome.status == 0
    assert "hidden     host_name; " in invoke("verify", str(public)).out
    assert invoke("redact", str(bundle), "--field", "host").status == 2
    again = invoke("redact", str(public), "--field", "host_name", "--output", str(tmp_path / "again"))
    assert again.status == 2
    assert "hidden already" in again.err


def test_a_changed_host_name_is_one_line_and_status_6(bundle: Path, invoke: Invoke) -> None:
    data = bundle.read_bytes()
    assert data.count(b"node7") == 1
    bundle.write_bytes(data.replace(b"node7", b"node8"))
    for verb in ("verify", "show", "redact"):
        outcome = invoke(verb, str(bundle))
        assert outcome.status == 6
        assert "host_name 'node8.lab.example' has the digest" in outcome.err
        assert outcome.err.count("\n") == 1


def test_verify_says_of_a_reproduction_which_cited_bundles_it_found(
    tmp_path: Path, bundle: Path, invoke: Invoke
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    later = on_day(3)
    cites = Citation(run_id=CONTENTS.info.run_id, content_digest=read_digest(bundle))
    write_bundle(folder / "y.bench.tar", replace(later, info=replace(later.info, cites=cites)), EPHEMERAL)
    cited = f"cites      run {CONTENTS.info.run_id}, {read_digest(bundle)}: "
    assert f"{cited}not at hand, give it with --cited" in invoke("verify", str(folder / "y.bench.tar")).out
    outcome = invoke("verify", str(folder / "y.bench.tar"), "--cited", str(bundle))
    assert outcome.status == 0
    assert f"{cited}found, intact, signed by SHA256:" in outcome.out
    outcome = invoke("verify", str(bundle), "--cited", str(folder / "y.bench.tar"))
    assert outcome.status == 2
    assert "no run of the chain cites its content" in outcome.err


def copies(bundle: Path, folder: Path, many: int) -> None:
    folder.mkdir()
    for index in range(many):
        (folder / f"{index:02d}.bench.tar").write_bytes(bundle.read_bytes())


def test_a_folder_gets_a_line_for_each_bundle_in_it_and_in_its_subfolders(
    bundle: Path, invoke: Invoke, tmp_path: Path
) -> None:
    copies(bundle, tmp_path / "many", 2)
    copies(bundle, tmp_path / "many" / "below", 1)
    (tmp_path / "many" / "notes.txt").write_text("no bundle")
    outcome = invoke("verify", str(tmp_path / "many"), str(bundle))
    assert outcome.status == 0
    *lines, last = outcome.out.splitlines()
    assert [line.split()[0] for line in lines] == ["intact"] * 4
    assert "below/00.bench.tar: SHA256:" in lines[2]
    assert last == "all 4 bundles are intact"


def test_one_altered_bundle_of_many_is_named_and_status_6(bundle: Path, invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    copies(bundle, folder, 20)  # more than one process is given at once
    (folder / "07.bench.tar").write_bytes(bundle.read_bytes()[:-1])
    (folder / "13.bench.tar").unlink()
    (folder / "13.bench.tar").symlink_to("nowhere")
    outcome = invoke("verify", str(folder))
    assert outcome.status == 6
    assert outcome.err == "bench: 2 of 20 bundles do not verify\n"
    lines = outcome.out.splitlines()
    assert [index for index, line in enumerate(lines) if not line.startswith("intact ")] == [7, 13]
    assert "07.bench.tar: not verified, step 1 (outer archive): the archive must end in" in lines[7]
    assert "13.bench.tar: No such file" in lines[13]


def test_many_bundles_are_printed_as_json(bundle: Path, invoke: Invoke, tmp_path: Path) -> None:
    copies(bundle, tmp_path / "many", 2)
    (tmp_path / "many" / "01.bench.tar").write_bytes(b"")
    outcome = invoke("verify", str(tmp_path / "many"), "--json")
    assert outcome.status == 6
    intact, refused = json.loads(outcome.out)
    assert (intact["intact"], intact["info"]["run_id"]) == (True, CONTENTS.info.run_id)
    assert (refused["intact"], refused["info"]) == (False, None)
    assert "not verified" in refused["error"]


def test_many_bundles_are_checked_against_the_same_trust_store(
    bundle: Path, key: Path, invoke: Invoke, tmp_path: Path
) -> None:
    copies(bundle, tmp_path / "many", 20)
    sign(invoke, tmp_path / "many" / "03.bench.tar", key)
    outcome = invoke("verify", str(tmp_path / "many"), "--key", f"{key}.pub")
    assert outcome.status == 6
    assert outcome.err == "bench: 19 of 20 bundles do not verify\n"
    assert invoke("verify", str(tmp_path / "many"), "--require", "operator").status == 2


def test_a_folder_without_bundles_is_wrong_usage(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("verify", str(tmp_path))
    assert outcome.status == 2
    assert "no *.bench.tar in this folder" in outcome.err


def test_explain_takes_one_bundle(bundle: Path, invoke: Invoke) -> None:
    assert invoke("verify", str(bundle), str(bundle), "--explain").status == 2


def test_a_bundle_cannot_send_commands_to_the_terminal(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "x.bench.tar"
    *measured, failed = CONTENTS.measurements
    failure = Failure(reason="crashed", values={"signal": "\x1b[2J\x9b1m\nintact"})
    measurements = (*measured, replace(failed, failure=failure))
    summary = summarize(CONTENTS.plan, measurements, CONTENTS.probes)
    write_bundle(path, replace(CONTENTS, measurements=measurements, summary=summary), EPHEMERAL)
    outcome = invoke("show", str(path))
    assert outcome.status == 0
    assert r"died of \x1b[2J\x9b1m\nintact" in outcome.out
    assert "\x1b" not in outcome.out


def test_a_long_message_from_a_bundle_is_cut(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "x.bench.tar"
    many = {f"x{index}": b"" for index in range(5000)}
    path.write_bytes(seal(pack_content({**format_members(CONTENTS), **many})))
    outcome = invoke("verify", str(path))
    assert outcome.status == 6
    assert "unknown members: x0, x1, x10" in outcome.err
    assert len(outcome.err) < 2100
