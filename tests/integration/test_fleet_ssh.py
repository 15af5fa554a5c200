"""`bench fleet run` through a real sshd on loopback, with keys made here."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.fleet.store import read_fleet
from bench.verification.verify import verify_bundle
from tests.integration.tiny import REPO, bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]

LONGEST_S = 300.0
NOTE = """it's "$(touch pwned)" `touch pwned` \\ * ; & | > < ~ ! # {a,b}"""

SSHD = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
"""
CLIENT = """
Host n1 n2
    Port {port}
Host gone
    Port 1
Host *
    HostName 127.0.0.1
    HostKeyAlias bench
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking yes
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """The nodes n1 and n2, which are this host, and `gone`, where nobody listens."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "known").write_text(f"bench {(folder / 'host.pub').read_text()}")
    (folder / "sshd_config").write_text(SSHD.format(folder=folder, port=port))
    (folder / "config").write_text(CLIENT.format(folder=folder, port=port))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd(8) wants it; systemd makes it elsewhere
    with (folder / "log").open("wb") as log:
        sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    try:
        yield folder / "config"
    finally:
        sshd.terminate()
        sshd.wait()


def wait_until(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.1)


def list_runs(suite: str) -> list[psutil.Process]:
    """Return the processes that measure this suite, on the nodes as well: they are this host."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if suite in (process.info["cmdline"] or []) and "fleet" not in process.info["cmdline"]
    ]


def test_runs_end_with_their_submitter_and_retry_brings_each_bundle_back(config: Path, tmp_path: Path) -> None:
    suite, folder = write_suite(tmp_path, modes=("inference",)), tmp_path / "out"
    submitter = subprocess.Popen(
        [sys.executable, "-m", "bench", "fleet", "run", "--engine", "ssh", "--nodes", "n1,n2,gone",
         f"--engine-option=-F{config}", "--timeout", "5m", "--output", str(folder),
         "--", "run", "--suite", suite, "--note", NOTE],
        cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = folder / "nodes/n1/1/log"
    wait_until(lambda: log.exists() and b"repetition" in log.read_bytes())
    assert len(list_runs(suite)) > 0
    os.kill(submitter.pid, signal.SIGKILL)
    submitter.wait()
    wait_until(lambda: not list_runs(suite))

    done = bench("fleet", "run", "--retry", str(folder))
    assert done.returncode == 5, done.stderr
    assert "nodes to submit again: 1" in done.stdout
    nodes = read_fleet(folder).nodes
    assert [(node.node, node.state, node.attempts) for node in nodes] == [
        ("n1", "measured", 2), ("n2", "measured", 2), ("gone", "failed", 2),
    ]  # fmt: skip
    assert "connect to host 127.0.0.1 port 1: Connection refused" in done.stderr
    for node in nodes[:2]:
        assert verify_bundle(folder / (node.bundle or "")).contents.info.note == NOTE
    assert not list(tmp_path.rglob("pwned"))
