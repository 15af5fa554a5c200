from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.disclosure import PRIVATE_FIELDS
from bench.bundle.identifying import Remaining
from bench.bundle.redact import redact_bundle
from bench.bundle.write import sign_bundle
from bench.errors import BundleError, OutputError, UsageError
from bench.verification.verify import verify_bundle
from tests.unit.bundle.builder import CONTENTS, NOW, OPERATOR, VENDOR, open_parts, pack, seal_contents, unpack

VALUES = (b"node7", b"Maker Inc.", b"Rack 2", b"before the upgrade")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.bench.tar"
    path.write_bytes(seal_contents(CONTENTS, OPERATOR, VENDOR))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "public.bench.tar"


def test_no_private_value_is_left_and_every_signature_holds(path: Path, output: Path) -> None:
    before = path.read_bytes()
    assert all(value in before for value in VALUES)
    redaction = redact_bundle(path, output, ())
    after = output.read_bytes()
    assert not any(value in after for value in VALUES)
    verification = verify_bundle(output, now=NOW)
    assert redaction.hidden == verification.contents.hidden == PRIVATE_FIELDS
    assert redaction.left == ()
    assert not verification.origins.keys() & set(PRIVATE_FIELDS)
    assert [signer.fingerprint for signer in verification.signers] == [OPERATOR.fingerprint, VENDOR.fingerprint]
    assert path.read_bytes() == before


def test_all_but_the_disclosures_stays_byte_for_byte(path: Path, output: Path) -> None:
    redact_bundle(path, output, ())
    old, new = unpack(path.read_bytes()), unpack(output.read_bytes())
    assert new == {**old, "disclosures.json": b"{}\n"}


def test_fields_are_hidden_one_by_one(path: Path, output: Path) -> None:
    assert redact_bundle(path, output, ["note"]).hidden == ("note",)
    contents = verify_bundle(output, now=NOW).contents
    assert contents.hidden == ("note",)
    assert contents.machine == CONTENTS.machine
    again = output.with_name("again.bench.tar")
    assert redact_bundle(output, again, ["note", "host_name"]).hidden == ("host_name",)
    assert verify_bundle(again, now=NOW).contents.hidden == ("host_name", "note")


def test_hiding_what_is_hidden_is_a_usage_error(path: Path, output: Path) -> None:
    redact_bundle(path, output, ())
    for fields in ((), ("note",)):
        with pytest.raises(UsageError, match="hidden already"):
            redact_bundle(output, output.with_name("again.bench.tar"), fields)


def test_a_redacted_bundle_can_still_be_signed(tmp_path: Path, output: Path) -> None:
    path = tmp_path / "one.bench.tar"
    path.write_bytes(seal_contents(CONTENTS, OPERATOR))
    redact_bundle(path, output, ())
    sign_bundle(output, VENDOR)
    verification = verify_bundle(output, now=NOW)
    assert len(verification.signers) == 2
    assert verification.contents.hidden == PRIVATE_FIELDS


def test_lists_where_a_hidden_value_still_occurs(tmp_path: Path, output: Path) -> None:
    (log,) = CONTENTS.logs
    path = tmp_path / "talkative.bench.tar"
    path.write_bytes(seal_contents(replace(CONTENTS, logs={log: b"node7.lab.example: out of memory\n"})))
    assert redact_bundle(path, output, ()).left == (Remaining(field=f"host_name in log/{log}", count=1),)


def test_names_credentials_and_homes_that_an_older_bench_sealed_in_clear(tmp_path: Path, output: Path) -> None:
    (log,) = CONTENTS.logs
    path = tmp_path / "talkative.bench.tar"
    environment = replace(CONTENTS.environment, variables={"TORCH_INDEX_URL": "https://a:b@host/home/ada"})
    logs = {log: b"https://c:d@host /home/ada/x https://***@host /home/user/x\n"}
    path.write_bytes(seal_contents(replace(CONTENTS, environment=environment, logs=logs)))
    assert {remaining.field: remaining.count for remaining in redact_bundle(path, output, ()).left} == {
        "credential in environment.json": 1,
        f"credential in log/{log}": 1,
        "home folder in environment.json": 1,
        f"home folder in log/{log}": 1,
    }


def test_names_variables_that_are_not_stated_any_more(tmp_path: Path, output: Path) -> None:
    path = tmp_path / "old.bench.tar"
    environment = replace(CONTENTS.environment, variables={"MKL_LICENSE": "lic-555", "OMP_NUM_THREADS": "2"})
    path.write_bytes(seal_contents(replace(CONTENTS, environment=environment)))
    found = {remaining.field: remaining.count for remaining in redact_bundle(path, output, ()).identifying}
    assert found["environment.variables"] == found["environment.variables that bench no longer states"] == 1


def test_names_and_counts_what_may_identify_machine_or_owner(path: Path, output: Path) -> None:
    found = {remaining.field: remaining.count for remaining in redact_bundle(path, output, ["note"]).identifying}
    assert found == {
        "firmware.bios_version": 1,
        "firmware.product_name": 1,
        "firmware.system_vendor": 1,
        "host_name": 1,
        "bundle.run_id and times": 1,
        "machine.cpu and topology": 1,
        "machine.settings.kernel": 1,
        "environment.variables": 1,
        "environment.distributions": 2,
        "image.labels": 1,
        "failures of workers": 1,
        "lines of log/": 1,
        "public keys of signers": 2,
    }


def test_a_bundle_that_is_not_intact_is_not_redacted(path: Path, output: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b'"sig": "') + 8] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="not verified, step "):
        redact_bundle(path, output, ())
    assert not output.exists()


def test_nothing_is_overwritten(path: Path, output: Path) -> None:
    output.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        redact_bundle(path, output, ())
    assert output.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b'"note"', b'"nota"', "not a valid dict", id="an unknown field"),
        pytest.param(b'"value"', b'"wert"', "not a valid dict", id="an unknown key"),
        pytest.param(b'"note": {', b'"note": {\n  "salt": "AAECAwQFBgcICQoLDA0ODw==",', "not in the form that bench writes", id="a key twice"),
        pytest.param(b"ICQoLDA0ODw==", b"ICQoLDA0O", "not a valid dict", id="a salt that is too short"),
    ],
)  # fmt: skip
def test_refuses_disclosures_of_another_form(old: bytes, new: bytes, words: str, path: Path, output: Path) -> None:
    members = unpack(path.read_bytes())
    assert old in members["disclosures.json"]
    changed = members["disclosures.json"].replace(old, new, 1)
    path.write_bytes(pack({**members, "disclosures.json": changed}))
    with pytest.raises(BundleError, match=words):
        redact_bundle(path, output, ())


def test_the_parts_of_a_redacted_bundle_are_those_of_the_old_one(path: Path, output: Path) -> None:
    redact_bundle(path, output, ())
    old, new = open_parts(path.read_bytes()), open_parts(output.read_bytes())
    assert (new.content, new.statement) == (old.content, old.statement)
