import hashlib
import secrets
import subprocess
from dataclasses import replace as replace_part
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.bundle.content import format_members
from bench.bundle.disclosure import (
    PRIVATE_FIELDS,
    Disclosure,
    commit,
    digest_disclosure,
    disclose,
    withhold,
)
from bench.bundle.seal import format_sealed
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.machine import Firmware
from tests.unit.bundle.builder import (
    CONTENTS,
    DISCLOSURES,
    open_parts,
    pack_content,
    refuse,
    seal,
    seal_contents,
    verify,
)

SIGNED = withhold(CONTENTS)
BUNDLE = seal_contents(CONTENTS)


def test_disclosing_everything_inverts_withholding() -> None:
    assert disclose(SIGNED, DISCLOSURES) == CONTENTS


def test_what_is_signed_has_no_private_value() -> None:
    signed = b"".join(format_members(CONTENTS).values())
    for disclosure in DISCLOSURES.values():
        assert disclosure.value is None or disclosure.value.encode() not in signed


def test_what_is_hidden_reads_as_empty_and_is_named(tmp_path: Path) -> None:
    kept = {"host_name": DISCLOSURES["host_name"]}
    contents = verify(format_sealed(replace_part(open_parts(BUNDLE), disclosures=kept)), tmp_path).contents
    assert contents.machine.host_name == "node7.lab.example"
    assert contents.machine.firmware == Firmware(
        system_vendor=None, product_name=None, board_vendor=None, bios_version=None
    )
    assert contents.info.note is None
    assert set(contents.hidden) == set(PRIVATE_FIELDS) - {"host_name"}


def test_the_digest_is_one_that_a_shell_can_make() -> None:
    disclosure = Disclosure(salt=bytes(16), value="node7")
    line = f'["{"A" * 22}==","host_name","node7"]'
    made = subprocess.run(["sha256sum"], input=f"{line}\n".encode(), capture_output=True, check=True)  # noqa: S607 - the one on the path
    assert digest_disclosure("host_name", disclosure) == f"sha256:{made.stdout.split()[0].decode()}"


def test_each_field_has_its_own_salt_of_128_bits() -> None:
    _, disclosures = commit(CONTENTS, secrets.token_bytes)
    assert {len(disclosure.salt) for disclosure in disclosures.values()} == {16}
    assert len({disclosure.salt for disclosure in disclosures.values()}) == len(PRIVATE_FIELDS)


def test_a_field_without_a_value_has_a_digest_too() -> None:
    committed, disclosures = commit(replace(CONTENTS, info=replace(CONTENTS.info, note=None)), secrets.token_bytes)
    assert disclosures["note"].value is None
    assert set(committed.commitments) == set(PRIVATE_FIELDS)


@given(st.sampled_from(PRIVATE_FIELDS), st.none() | st.text(max_size=40), st.binary(min_size=16, max_size=16))
def test_a_value_cannot_be_another_than_was_signed(field: str, value: str | None, salt: bytes) -> None:
    changed = {**DISCLOSURES, field: Disclosure(salt=salt, value=value)}
    if changed != DISCLOSURES:
        with pytest.raises(BundleError, match="was signed"):
            disclose(SIGNED, changed)


def clear(**changes: object) -> Contents:
    return replace(SIGNED, machine=replace(SIGNED.machine, **changes))


@pytest.mark.parametrize(
    ("disclosures", "words"),
    [
        pytest.param({"host_name": replace(DISCLOSURES["host_name"], value="node8")}, "host_name 'node8' has the digest sha256:", id="another host name"),
        pytest.param({"note": replace(DISCLOSURES["note"], value=None)}, "note None has the digest sha256:", id="a note denied"),
        pytest.param({"host_name": replace(DISCLOSURES["host_name"], salt=bytes(16))}, "was signed", id="another salt"),
        pytest.param({"firmware.product_name": DISCLOSURES["firmware.system_vendor"]}, "firmware.product_name 'Maker Inc.' has", id="a value moved to another field"),
    ],
)  # fmt: skip
def test_refuses_disclosures_that_do_not_fit(disclosures: dict[str, Disclosure], words: str, tmp_path: Path) -> None:
    changed = replace_part(open_parts(BUNDLE), disclosures={**DISCLOSURES, **disclosures})
    refuse(
        format_sealed(changed), tmp_path, f"step 6 (schema): disclosures.json: {words}" if words[0] != "w" else words
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(b'"host_name": ""', b'"host_name": "node9"', "states a private field", id="a host name in clear"),
        pytest.param(b'"bios_version": null', b'"bios_version": "9"', "states a private field", id="DMI in clear"),
    ],
)
def test_refuses_contents_that_state_a_private_field_themselves(
    old: bytes, new: bytes, words: str, tmp_path: Path
) -> None:
    members = format_members(CONTENTS)
    assert old in members["machine.json"]
    forged = {**members, "machine.json": members["machine.json"].replace(old, new)}
    refuse(seal(pack_content(forged)), tmp_path, words)


def test_refuses_contents_without_a_digest_of_some_field(tmp_path: Path) -> None:
    commitments = {field: digest for field, digest in CONTENTS.commitments.items() if field != "note"}
    members = format_members(replace(CONTENTS, commitments=commitments))
    refuse(seal(pack_content(members)), tmp_path, "step 6 (schema): private.json has no digest of note")


def test_refuses_a_note_that_would_move_the_cursor(tmp_path: Path) -> None:
    forged = replace(CONTENTS, info=replace(CONTENTS.info, note="\x1b[2J"))
    refuse(seal_contents(forged), tmp_path, "disclosures.json: note: not a valid BundleInfo")


def test_the_digest_is_sha256() -> None:
    line = b'["AAECAwQFBgcICQoLDA0ODw==","note","before the upgrade"]\n'
    assert CONTENTS.commitments["note"] == f"sha256:{hashlib.sha256(line).hexdigest()}"
