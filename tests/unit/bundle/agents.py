"""The real ssh-agent, started for a test."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a socket's has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="agent-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def running_agent(folder: Path) -> Iterator[Path]:
    """An agent without keys, by its socket."""
    path = folder / "socket"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)  # noqa: S607 - the one on the path
    try:
        while not _answers(path):
            assert process.poll() is None
        yield path
    finally:
        process.terminate()
        process.wait()


def _answers(path: Path) -> bool:
    """Whether somebody listens: a socket is there before it does."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def write_openssh_key(path: Path, key: Ed25519PrivateKey) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.chmod(0o600)
    return path


def add_key(agent: Path, file: Path) -> None:
    run_ssh_add(agent, "-q", str(file))


def run_ssh_add(agent: Path, *arguments: str) -> None:
    environment = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", *arguments], env=environment, check=True, capture_output=True)  # noqa: S607 - the one on the path
