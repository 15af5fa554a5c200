import os
import subprocess
from pathlib import Path

import pytest

from bench.bundle.explain import explain
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL, VENDOR, pack, seal_contents, unpack

BUNDLE = seal_contents(CONTENTS, EPHEMERAL, VENDOR)
SIGNERS = [EPHEMERAL.fingerprint, VENDOR.fingerprint]

COSIGN = """\
#!/bin/sh
echo "cosign $*"
for word in "$@"; do case $word in signatures/*) test -s "$word" || exit 1 ;; esac; done
"""


def run_script(data: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the text as a shell script, with real openssl and a cosign that only shows how it was called."""
    path = folder / "a run's.bench.tar"
    path.write_bytes(data)
    cosign = folder / "cosign"
    cosign.write_text(COSIGN)
    cosign.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-e", "-c", explain(path, SIGNERS)],
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
    assert result.stdout.count("cosign verify-blob-attestation --bundle signatures/") == 2
    assert (tmp_path / "bundle-check" / "measurements").is_dir()
    assert result.stderr == ""


@pytest.mark.parametrize("member", ["content.tar", "statement.dsse.json"])
def test_the_commands_fail_on_an_altered_bundle(member: str, tmp_path: Path) -> None:
    members = unpack(BUNDLE)
    old, new = (b"Test CPU", b"Best CPU") if member == "content.tar" else (b'"payload": "ewog', b'"payload": "ewoh')
    assert old in members[member]
    result = run_script(pack({**members, member: members[member].replace(old, new)}), tmp_path)
    assert result.returncode != 0


def test_says_that_a_key_from_its_owner_is_needed_to_know_who_signed(tmp_path: Path) -> None:
    text = explain(tmp_path / "x", SIGNERS)
    assert "take the key from its owner instead" in text
    assert all(name in text for name in SIGNERS)
