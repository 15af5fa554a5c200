import json
import sys
from pathlib import Path

import pytest

from bench.bundle.seal import SigningKey
from bench.bundle.write import write_bundle
from bench.records.fleet import Fleet
from bench.records.record import decode_json
from tests.unit.cli.conftest import Invoke
from tests.unit.compare.qualification.units import make_contents

SSH = ("fleet", "run", "--engine", "ssh", "--nodes", "n1,n2")


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ssh that sends the file that the test has put beside it under the node's name, or cannot reach the node."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "ssh").write_text(
        f"#!{sys.executable} -I\nimport sys, pathlib\n"
        "path = pathlib.Path(sys.argv[0]).with_name(sys.argv[sys.argv.index('--') + 1])\n"
        "if not path.exists():\n"
        "    sys.stderr.write('ssh: no route to ' + path.name + '\\n')\n    sys.exit(255)\n"
        "sys.stdout.buffer.write(path.read_bytes())\n",
        encoding="ascii",
    )
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fleet", "run"], "--engine and --nodes are needed"),
        (["fleet", "run", "--engine", "ssh", "--", "run"], "--engine and --nodes are needed"),
        (
            ["fleet", "run", "--engine", "pbs", "--nodes", "n1", "--", "run"],
            "'pbs' is not known; use kubernetes, slurm, ssh",
        ),
        ([*SSH], "after -- stands ''; give run or container run"),
        ([*SSH, "--", "compare", "A", "B"], "after -- stands 'compare A B'; give run or container run"),
        ([*SSH, "--", "run", "--sute", "x"], "No such option '--sute'"),
        ([*SSH, "--", "container", "run", "--pids", "1"], "1 is not in the range x>=64"),
        ([*SSH, "--", "run", "--output", "x"], "--output after --: bundles come back to the folder of"),
        ([*SSH, "--", "run", "--resume", "x"], "--resume after --: a node measures anew"),
        ([*SSH, "--", "run", "--json"], "--json after --: give it before --"),
        ([*SSH, "--", "run", "--root", "."], "--root after --: nodes measure themselves"),
        ([*SSH, "--bench", "'", "--", "run"], "No closing quotation"),
        ([*SSH, "--bench", " ", "--", "run"], "a word for the nodes is empty"),
        ([*SSH, "--", "run", "--note", "two\nlines"], "one line of"),
        ([*SSH, "--engine-option", "-F\nx", "--", "run"], "not one line of text"),
        ([*SSH, "--output", "two\nlines", "--", "run"], "its name is not one line of printable text"),
        ([*SSH, "--dry-run", "--json", "--", "run"], "--dry-run and --json"),
        (
            ["fleet", "run", "--engine", "slurm", "--nodes", "n1", "--parallel", "2", "--", "run"],
            "--parallel is for ssh, not for slurm; leave it out",
        ),
        (["fleet", "run", "--retry", "/no/such"], "holds no fleet.json"),
        (["fleet", "run", "--retry", "x", "--nodes", "n1"], "--nodes and --retry x: the run keeps what it began with"),
        (["fleet", "run", "--retry", "x", "--", "run"], "the command after -- and --retry x"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)
def test_wrong_usage_is_found_before_any_node_is_asked(arguments: list[str], message: str, invoke: Invoke) -> None:
    outcome = invoke(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize("engine", ["slurm", "ssh"])
def test_a_dry_run_prints_the_script_and_makes_no_folder(
    engine: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--engine", engine, "--nodes", "n[1-2]", "--engine-option=-Fx y", "--dry-run")
    outcome = invoke("fleet", "run", *options, "--", "run", "--workload", "*$(x)")
    assert outcome.status == 0
    assert "--workload" in outcome.out
    assert outcome.out.count("'-Fx y'") == 2
    assert ("--nodelist=n2" if engine == "slurm" else " -- n2 ") in outcome.out
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_run_collects_what_it_can_and_retry_the_rest(invoke: Invoke, fake_ssh: Path, tmp_path: Path) -> None:
    write_bundle(fake_ssh / "n1", make_contents(run=1), SigningKey.ephemeral())
    folder = tmp_path / "out"
    first = invoke(*SSH, "--output", str(folder), "--", "run")
    assert first.status == 5
    assert "[2/2] n2: failed: the connection failed: ssh: no route to n2" in first.err
    assert f"verified bundles: 1 of 2 nodes, in {folder}" in first.out
    assert f"nodes to submit again: 1, with bench fleet run --retry {folder}" in first.out

    write_bundle(fake_ssh / "n2", make_contents(run=2), SigningKey.ephemeral())
    second = invoke("fleet", "run", "--retry", str(folder), "--json")
    assert second.status == 0
    done = decode_json(second.out.encode(), Fleet, source="-")
    assert [(node.node, node.state, node.attempts) for node in done.nodes] == [
        ("n1", "measured", 1),
        ("n2", "measured", 2),
    ]
    assert json.loads((folder / "fleet.json").read_text()) == json.loads(second.out)
    assert len(list(folder.glob("*.bench.tar"))) == 2


@pytest.mark.usefixtures("fake_ssh")
def test_no_bundle_at_all_is_status_7(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke(*SSH, "--output", str(tmp_path / "out"), "--", "run").status == 7


def test_a_record_that_is_malformed_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "fleet.json").write_text('{"nodes": []}', encoding="ascii")
    outcome = invoke("fleet", "run", "--retry", str(tmp_path))
    assert outcome.status == 6
    assert "not a valid Fleet" in outcome.err
