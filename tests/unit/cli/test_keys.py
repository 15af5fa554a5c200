"""Signing with keys that OpenSSH made and with those that its agent holds."""

import os
import pty
import select
import signal
import subprocess
import sys
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
        pytest.param("", "SSH_AUTH_SOCK is not set", id="no variable"),
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


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-m", "bench", "keygen", tmp_path / "key"], start_new_session=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 2
    assert "there is no terminal; name a file with --passphrase-file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def type_at_a_terminal(argv: list[str], typed: list[bytes]) -> tuple[int, bytes]:
    """Run a program at a terminal of its own and answer its prompts, each once: what is typed before one is discarded."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(argv[0], argv)  # noqa: S606 - our own program
    shown, since = b"", b""
    answers = iter(typed)
    while select.select([terminal], [], [], 60)[0]:
        try:
            since += os.read(terminal, 4096)
        except OSError:
            break
        if since.rstrip().endswith(b":") and (answer := next(answers, None)) is not None:
            os.write(terminal, answer)
            shown, since = shown + since, b""
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown + since


def test_a_passphrase_is_asked_for_twice_at_the_terminal_and_not_shown(tmp_path: Path, invoke: Invoke) -> None:
    key = tmp_path / "operator.pem"
    argv = [sys.executable, "-m", "bench", "keygen", str(key)]
    status, shown = type_at_a_terminal(argv, [b"correct horse\n", b"correct horse\n"])
    assert status == 0
    assert b"new passphrase" in shown
    assert b"correct horse" not in shown
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    bundle = tmp_path / "x.bench.tar"
    write_bundle(bundle, CONTENTS, EPHEMERAL)
    assert invoke("sign", str(bundle), "--key", str(key), "--passphrase-file", str(passphrase)).status == 0
