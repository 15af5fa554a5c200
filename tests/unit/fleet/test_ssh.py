"""A fake `ssh` on PATH, which does what the node's name says."""

import sys
import time
from pathlib import Path

import pytest

from bench.fleet import ssh
from bench.fleet.engine import Ended, Observation, folder_of
from bench.fleet.ssh import SshEngine
from bench.records.fleet import FleetNode, FleetOptions
from bench.records.reason import Reason

SSH = """#!{python} -I
import sys
name = sys.argv[sys.argv.index("--") + 1]
sys.stderr.write("the log of " + name + "\\n")
if name == "lost":
    sys.stderr.write("ssh: connect to host lost port 22: No route to host\\n")
    sys.exit(255)
if name in ("slow", "long"):
    sys.stdout.write("x" * (200 if name == "long" else 0))
    sys.stdout.flush()
    sys.stdin.read()
    sys.exit(130)
sys.stdout.write("bundle" if name != "empty" else "")
sys.exit(3)
"""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "programs/ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(python=sys.executable), encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def make(tmp_path: Path, *names: str, clock: Clock | None = None) -> tuple[SshEngine, list[FleetNode]]:
    options = FleetOptions(engine="ssh", program=("bench",), command=("run",), timeout_s=60, parallel=2)
    engine = SshEngine(options, tmp_path, clock=clock or Clock())
    nodes = [FleetNode(node=name, state="waiting", attempts=1) for name in names]
    for node in nodes:
        folder_of(tmp_path, node).mkdir(parents=True)
        engine.submit(node)
    return engine, nodes


def await_end(engine: SshEngine, nodes: list[FleetNode], name: str) -> Observation | Ended:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        found = engine.observe(nodes).get(name, Observation("running"))
        if found != Observation("running"):
            return found
        time.sleep(0.01)
    raise AssertionError(name)


def test_what_a_node_sends_is_its_bundle_and_what_it_prints_its_log(tmp_path: Path) -> None:
    engine, nodes = make(tmp_path, "n1")
    assert await_end(engine, nodes, "n1") == Ended(3)
    folder = folder_of(tmp_path, nodes[0])
    assert (folder / "received.bench.tar").read_text() == "bundle"
    assert (folder / "log").read_text() == "the log of n1\n"


def test_a_node_that_sends_nothing_has_no_bundle(tmp_path: Path) -> None:
    engine, nodes = make(tmp_path, "empty")
    assert await_end(engine, nodes, "empty") == Ended(3)
    assert not (folder_of(tmp_path, nodes[0]) / "received.bench.tar").exists()


def test_so_many_nodes_measure_at_a_time(tmp_path: Path) -> None:
    engine, nodes = make(tmp_path, "slow", "n1", "n2")
    assert set(engine.observe(nodes)) == {"slow", "n1"}
    assert await_end(engine, nodes, "n2") == Ended(3)
    engine.cancel(nodes)
    assert engine.observe(nodes) == {}


def test_a_node_that_cannot_be_reached_is_said_in_the_words_of_ssh(tmp_path: Path) -> None:
    engine, nodes = make(tmp_path, "lost")
    line = "ssh: connect to host lost port 22: No route to host"
    assert await_end(engine, nodes, "lost") == Observation("failed", Reason(code="ssh_failed", values={"line": line}))


def test_a_node_whose_time_is_over_is_interrupted(tmp_path: Path) -> None:
    clock = Clock()
    engine, nodes = make(tmp_path, "slow", clock=clock)
    engine.observe(nodes)
    clock.now = 59
    assert engine.observe(nodes) == {"slow": Observation("running")}
    clock.now = 60
    assert await_end(engine, nodes, "slow") == Observation("timed_out")


def test_a_node_that_sends_too_much_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "MAX_LOG_BYTES", 5)
    engine, nodes = make(tmp_path, "slow")
    assert await_end(engine, nodes, "slow") == Observation("failed", Reason(code="node_output_too_long"))


def test_without_a_client_it_is_an_unfit_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, nodes = make(tmp_path, "n1")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ssh.EnvironmentUnfitError, match="ssh cannot be started: No such file or directory; install"):
        engine.observe(nodes)
