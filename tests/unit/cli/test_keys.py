"""Signing with keys that OpenSSH made and with those that its agent holds."""

import subprocess
from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from tests.unit.bundle.agents import add_key, running_agent, short_folder
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL
from tests.unit.cli.conftest import Invoke


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, CONTENTS, EPHEMERAL)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@lab", "-f", path], check=True)  # noqa: S607 - the one on the path
    return path


def test_a_key_made_by_openssh_signs_and_its_public_line_verifies(bundle: Path, key: Path, invoke: Invoke) -> None:
    assert invoke("sign", str(bundle), "--key", str(key)).status == 0
    outcome = invoke("verify", str(bundle), "--key", f"{key}.pub")
    assert outcome.status == 0
    assert ": trusted (the key was given by hand)" in outcome.out


@pytest.mark.parametrize("named", ["the public file", "agent"])
def test_a_key_in_the_agent_signs(
    named: str, bundle: Path, key: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_folder() as folder, running_agent(folder) as agent:
        add_key(agent, key)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
        key.unlink()
        chosen = "agent" if named == "agent" else f"{key}.pub"
        outcome = invoke("sign", str(bundle), "--key", chosen)
        assert (outcome.status, outcome.err) == (0, "")
    assert invoke("verify", str(bundle), "--key", f"{key}.pub").status == 0


def test_an_agent_without_the_key_is_one_line_and_leaves_the_bundle(
    bundle: Path, key: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bundle.read_bytes()
    with short_folder() as folder, running_agent(folder) as agent:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
        for chosen, words in ((f"{key}.pub", "add it with ssh-add"), ("agent", "holds no Ed25519 key")):
            outcome = invoke("sign", str(bundle), "--key", chosen)
            assert outcome.status == 2
            assert words in outcome.err
            assert outcome.err.count("\n") == 1
    assert bundle.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("", "SSH_AUTH_SOCK names no ssh-agent", id="no variable"),
        pytest.param("/no/such/agent", "no ssh-agent answers: No such file", id="no socket"),
    ],
)
def test_no_agent_is_one_line(
    bundle: Path, key: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, *, path: str, words: str
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", path)
    outcome = invoke("sign", str(bundle), "--key", f"{key}.pub")
    assert outcome.status == 7
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_encrypted_openssh_key_is_left_to_the_agent(bundle: Path, tmp_path: Path, invoke: Invoke) -> None:
    key, passphrase = tmp_path / "secret", tmp_path / "passphrase"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "correct", "-f", key], check=True)  # noqa: S607 - the one on the path
    passphrase.write_text("correct\n")
    outcome = invoke("sign", str(bundle), "--key", str(key), "--passphrase-file", str(passphrase))
    assert outcome.status == 6
    assert f"ssh-add {key}, and sign with --key {key}.pub" in outcome.err
