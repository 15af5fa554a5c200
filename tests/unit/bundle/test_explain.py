import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.bundle.explain import explain, shell_quote
from bench.bundle.sshsig import NAMESPACE
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL, VENDOR, pack, seal_contents, unpack

BUNDLE = seal_contents(CONTENTS, EPHEMERAL, VENDOR)
SIGNERS = [EPHEMERAL.fingerprint, VENDOR.fingerprint]

COSIGN = """\
#!/bin/sh
echo "cosign $*"
for word in "$@"; do case $word in signatures/*) test -s "$word" || exit 1 ;; esac; done
"""


def run_script(data: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the text printed for an intact bundle on another as a shell script.

    openssl and ssh-keygen are the real ones; cosign only shows how it was called.
    """
    path = folder / "a run's.bench.tar"
    path.write_bytes(BUNDLE)
    text = explain(path)
    path.write_bytes(data)
    cosign = folder / "cosign"
    cosign.write_text(COSIGN)
    cosign.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-e", "-c", text],
        cwd=folder,
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_check_digest_and_signatures(tmp_path: Path) -> None:
    result = run_script(BUNDLE, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Signature Verified Successfully") == 2
    assert result.stdout.count(f'Good "{NAMESPACE}" signature for SHA256:') == 2
    assert [line for line in result.stdout.splitlines() if line.startswith(' "host_name": "sha256:')]
    assert result.stdout.count("cosign verify-blob-attestation --bundle signatures/") == 2
    assert (tmp_path / "bundle-check" / "measurements").is_dir()
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("member", "old", "new"),
    [
        pytest.param("content.tar", b"Test CPU", b"Best CPU", id="the contents"),
        pytest.param("statement.dsse.json", b'"payload": "ewog', b'"payload": "ewoh', id="the statement"),
        pytest.param(".sigstore.json", b'"sig": "', b'"sig": "A', id="the envelope's signature"),
        pytest.param(".sshsig", b"U1NIU0lH", b"U1NIU0lI", id="the SSH signature's form"),
        pytest.param(".sshsig", b"=\n", b"x\n", id="the SSH signature"),
    ],
)
def test_the_commands_fail_on_an_altered_bundle(member: str, old: bytes, new: bytes, tmp_path: Path) -> None:
    members = unpack(BUNDLE)
    name = next(name for name in members if name.endswith(member))
    assert old in members[name]
    result = run_script(pack({**members, name: members[name].replace(old, new)}), tmp_path)
    assert result.returncode != 0


def test_the_commands_fail_on_the_signature_of_another_key(tmp_path: Path) -> None:
    members = unpack(BUNDLE)
    mine, theirs = sorted(name for name in members if name.endswith(".sshsig"))
    result = run_script(pack({**members, mine: members[theirs]}), tmp_path)
    assert result.returncode != 0
    assert result.stdout.count("Signature Verified Successfully") == 2


def test_the_commands_fail_on_a_private_value_that_was_not_signed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(BUNDLE)
    text = explain(path)
    assert "node7" in text
    result = subprocess.run(["/bin/sh", "-e", "-c", without_cosign(text.replace("node7", "node8"))], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode != 0
    assert "firmware.bios_version" in result.stdout
    assert "host_name" not in result.stdout


def without_cosign(text: str) -> str:
    return text.replace("cosign verify", ": verify")


def test_says_that_a_key_from_its_owner_is_needed_to_know_who_signed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(BUNDLE)
    text = explain(path)
    assert "take the key from its owner instead" in text
    assert all(name in text for name in SIGNERS)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1).filter(lambda name: 0 not in name))
def test_any_name_is_one_word_of_one_line(name: bytes) -> None:
    quoted = shell_quote(os.fsdecode(name))
    assert quoted.isprintable()
    done = subprocess.run(["/bin/bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)
    assert done.stdout == name


def test_a_hostile_name_is_no_command_of_the_script(tmp_path: Path) -> None:
    path = tmp_path / "x\ntouch forged;.bench.tar"
    path.write_bytes(BUNDLE)
    assert not [line for line in explain(path).split("\n") if line.startswith("touch")]
