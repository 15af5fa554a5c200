from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import format_bundle, sign_bundle, write_bundle
from bench.errors import BundleError, OutputError, UsageError
from bench.verification.verify import verify_bundle
from tests.unit.bundle.builder import CONTENTS, NOW, OPERATOR, VENDOR, make_salt, seal_contents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.bench.tar"


def test_a_written_bundle_verifies_and_gives_the_contents_back(path: Path) -> None:
    write_bundle(path, CONTENTS, OPERATOR)
    contents = verify_bundle(path, now=NOW).contents
    assert replace(contents, commitments=CONTENTS.commitments) == CONTENTS
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_equal_contents_key_and_salts_give_equal_files() -> None:
    assert format_bundle(CONTENTS, OPERATOR, new_salt=make_salt) == seal_contents(CONTENTS)


def test_no_two_bundles_have_the_same_salts(path: Path) -> None:
    write_bundle(path, CONTENTS, OPERATOR)
    contents = verify_bundle(path, now=NOW).contents
    again = path.with_name("again.bench.tar")
    write_bundle(again, CONTENTS, OPERATOR)
    assert not set(contents.commitments.values()) & set(verify_bundle(again, now=NOW).contents.commitments.values())


def test_a_bundle_is_never_overwritten(path: Path) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        write_bundle(path, CONTENTS, OPERATOR)
    assert path.read_bytes() == b"precious"


def test_contents_that_could_not_be_read_are_not_written(path: Path) -> None:
    with pytest.raises(BundleError, match=r"log/\.\./x"):
        write_bundle(path, replace(CONTENTS, logs={"../x": b""}), OPERATOR)
    assert list(path.parent.iterdir()) == []


def test_signing_adds_a_signature_and_changes_nothing_else(path: Path) -> None:
    path.write_bytes(seal_contents(CONTENTS))
    sign_bundle(path, VENDOR)
    assert path.read_bytes() == seal_contents(CONTENTS, OPERATOR, VENDOR)
    assert [signer.fingerprint for signer in verify_bundle(path, now=NOW).signers] == [
        OPERATOR.fingerprint,
        VENDOR.fingerprint,
    ]


def test_signing_twice_is_refused_and_leaves_the_bundle(path: Path) -> None:
    write_bundle(path, CONTENTS, OPERATOR)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="has signed this bundle already"):
        sign_bundle(path, OPERATOR)
    assert path.read_bytes() == before


def test_a_bundle_that_is_not_intact_is_not_signed(path: Path) -> None:
    data = bytearray(seal_contents(CONTENTS))
    data[data.index(b'"sig": "') + 8] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="not verified, step "):
        sign_bundle(path, VENDOR)
    assert path.read_bytes() == data
