"""`bench fleet run` on a real Slurm: a job that is killed, nodes that are drained, a submitter that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.fleet.store import read_fleet
from bench.records.fleet import FleetNode
from tests.integration.tiny import REPO, bench, write_suite
from tests.slurm.cluster import ask, started, wait_until

pytestmark = pytest.mark.slurm

RUN_S = 300.0
"""What a run of one small cell may take beside another one, on any machine."""


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with started(tmp_path_factory.mktemp("slurm")):
        yield
        ask("scancel", f"--user={os.getuid()}")
        wait_until(lambda: not ask("squeue", "--noheader"))


def submit(*arguments: str, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        command = [sys.executable, "-m", "bench", "fleet", "run", *arguments]
        return subprocess.Popen(command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=file, stderr=file)


def is_measuring(folder: Path, node: str, attempt: int) -> bool:
    log = folder / "nodes" / node / str(attempt) / "log"
    return log.exists() and b"repetition" in log.read_bytes()


def read_node(folder: Path, name: str) -> FleetNode:
    return next(node for node in read_fleet(folder).nodes if node.node == name)


def drain(node: str, reason: str) -> None:
    ask("scontrol", "update", f"nodename={node}", "state=drain", f"reason={reason}")


def test_each_node_measures_once_whatever_happens_to_jobs_nodes_and_submitter(tmp_path: Path) -> None:
    folder, log = tmp_path / "out", tmp_path / "log"
    suite = write_suite(tmp_path, modes=("inference",), repetitions=(3, 3))
    options = ("--engine", "slurm", "--nodes", "n[1-2]", "--timeout", "10m", "--output", str(folder))

    # Somebody's job holds n2 when it is drained, so that ours cannot begin; ours on n1 is killed.
    other = ask(
        "sbatch", "--parsable", "--nodelist=n2", "--exclusive", "--output=/dev/null", "--wrap=sleep 900"
    ).strip()
    wait_until(lambda: "RUNNING" in ask("squeue", "--noheader", f"--jobs={other}", "--format=%T"))
    submitter = submit(*options, "--", "run", "--suite", suite, log=log)
    wait_until(lambda: is_measuring(folder, "n1", 1), RUN_S)
    ask("scancel", read_node(folder, "n1").job or "")
    drain("n2", "bad DIMM")
    assert submitter.wait(RUN_S) == 7, log.read_text()
    first = read_fleet(folder)
    killed, drained = first.nodes
    assert (killed.state, killed.reason and killed.reason.values["state"]) == ("failed", "CANCELLED")
    assert (drained.state, drained.reason and drained.reason.values["why"]) == ("drained", "bad DIMM")
    assert ask("squeue", "--noheader", "--format=%i").split() == [other]

    ask("scancel", other)
    ask("scontrol", "update", "nodename=n2", "state=resume")
    submitter = submit("--retry", str(folder), log=log)
    wait_until(lambda: is_measuring(folder, "n1", 2) and is_measuring(folder, "n2", 2), RUN_S)
    drain("n2", "firmware")  # its job goes on
    os.kill(submitter.pid, signal.SIGKILL)
    submitter.wait()
    jobs = [node.job for node in read_fleet(folder).nodes]

    submitter = submit("--retry", str(folder), log=log)
    assert submitter.wait(RUN_S) in {0, 3}, log.read_text()  # 3: two nodes on one host disturb one another
    second = read_fleet(folder)
    assert [(node.state, node.attempts, node.job) for node in second.nodes] == [("measured", 2, job) for job in jobs]
    assert "n2: running (job" in log.read_text()
    assert "its node was taken out of service during the run (draining): firmware" in log.read_text()
    assert {node.bundle for node in second.nodes} == {path.name for path in folder.glob("*.bench.tar")}
    verified = bench("verify", str(folder))
    assert "all 2 bundles are intact" in verified.stdout, verified.stderr


def test_what_slurm_refuses_is_said_of_each_node(tmp_path: Path) -> None:
    done = bench(
        "fleet", "run", "--engine", "slurm", "--nodes", "n1,n9", "--engine-option=--partition=nosuch",
        "--output", str(tmp_path / "out"), "--", "run",
    )  # fmt: skip
    assert done.returncode == 7
    assert "n1: failed: the engine refuses it: sbatch: error: invalid partition specified: nosuch" in done.stderr
    assert "n9: failed: the engine refuses it: sbatch: error: " in done.stderr
    assert "Invalid node name specified" in done.stderr
