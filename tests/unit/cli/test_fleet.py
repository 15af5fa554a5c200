import json
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from bench.bundle.seal import SigningKey
from bench.bundle.write import write_bundle
from bench.fleet.store import held
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
        (["fleet", "run", "--engine", "ssh", "--nodes", "n1,-oProxyCommand=x", "--", "run"], "is not a host name"),
        (["fleet", "run", "--engine", "slurm", "--nodes", "n1\nn2", "--", "run"], "is not a host name"),
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


def test_what_a_dry_run_for_kubernetes_prints_follows_the_schemas_of_the_api(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pod = ("--image", "registry.example/bench@sha256:0123", "--cpus", "16", "--memory", "64g", "--namespace", "lab")
    options = ("--engine", "kubernetes", "--nodes", "n[1-2],ip-10-0-0-1.eu.internal", *pod, "--dry-run")
    outcome = invoke("fleet", "run", *options, "--", "run", "--suite", "quick", "--note", 'it\'s: {a} # "b"')
    assert outcome.status == 0
    jobs = list(yaml.safe_load_all(outcome.out))
    assert len(jobs) == 3
    for job in jobs:
        kubernetes_validate.validate(job, "1.34", strict=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--image", "x\ny"),
        ("--image", "--privileged"),
        ("--namespace", "lab\nother"),
        ("--namespace", "-n"),
    ],
)
def test_kubernetes_gets_no_name_that_it_does_not_have(option: str, value: str, invoke: Invoke) -> None:
    pod = {"--image": "bench:1", "--cpus": "1", "--memory": "1g", option: value}
    words = [f"{name}={text}" for name, text in pod.items()]
    outcome = invoke("fleet", "run", "--engine", "kubernetes", "--nodes", "n1", *words, "--dry-run", "--", "run")
    assert (outcome.status, outcome.out) == (2, "")
    assert "Kubernetes has no such name" in outcome.err


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


def test_a_bundle_that_comes_back_cut_off_is_one_line_and_status_6(
    invoke: Invoke, fake_ssh: Path, tmp_path: Path
) -> None:
    for name in ("n1", "n2"):
        write_bundle(fake_ssh / name, make_contents(run=int(name[1:])), SigningKey.ephemeral())
    data = (fake_ssh / "n2").read_bytes()
    (fake_ssh / "n2").write_bytes(data[: len(data) // 2])
    folder = tmp_path / "out"
    outcome = invoke(*SSH, "--output", str(folder), "--", "run")
    assert outcome.status == 6
    received = folder / "nodes/n2/1/received.bench.tar"
    (line,) = [line for line in outcome.err.splitlines() if "n2: failed" in line]
    assert line.startswith(
        f"[2/2] n2: failed: its bundle does not verify: {received}: not verified, step 1 (outer archive): "
    )
    assert "member 'content.tar' is truncated" in line
    assert "verified bundles: 1 of 2 nodes" in outcome.out

    (fake_ssh / "n2").write_bytes(data)
    assert invoke("fleet", "run", "--retry", str(folder)).status == 0


@pytest.mark.usefixtures("fake_ssh")
def test_two_submitters_do_not_share_a_folder(invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert invoke(*SSH, "--output", str(folder), "--", "run").status == 7
    before = (folder / "fleet.json").read_bytes()
    with held(folder):
        again = invoke("fleet", "run", "--retry", str(folder))
        new = invoke(*SSH, "--output", str(folder), "--", "run")
    assert (again.status, again.out) == (7, "")
    assert again.err == f"bench: {folder}: another process resumed this run; wait for it\n"
    assert (new.status, new.out) == (2, "")
    assert "not empty; choose a new folder, or go on with --retry" in new.err
    assert (folder / "fleet.json").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"node": "n2"', '"node": "-oProxyCommand=touch x"'),
        ('"node": "n2"', '"node": "n2\\n"'),
        ('"node": "n2"', '"node": "../n2"'),
        ('"node": "n2"', '"job": "17\\n18","node": "n2"'),
        ('"node": "n2"', '"job": "--help","node": "n2"'),
        ('"node": "n2"', '"bundle": "../x.bench.tar","node": "n2"'),
        ('"run"\n', '"run\\nreboot"\n'),
        ('"node": "n2"', '"node": "n1"'),
    ],
    ids=["option", "newline", "parent folder", "newline in a job", "option as a job", "bundle elsewhere", "word of two lines", "a node twice"],
)  # fmt: skip
@pytest.mark.usefixtures("fake_ssh")
def test_a_record_with_a_hostile_name_is_refused_and_nothing_is_started(
    old: str, new: str, invoke: Invoke, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    invoke(*SSH, "--output", str(folder), "--", "run")
    record = (folder / "fleet.json").read_text()
    assert old in record
    (folder / "fleet.json").write_text(record.replace(old, new))
    outcome = invoke("fleet", "run", "--retry", str(folder))
    assert (outcome.status, outcome.out) == (6, "")
    assert outcome.err.count("\n") == 1
    assert str(folder / "fleet.json") in outcome.err


@pytest.mark.usefixtures("fake_ssh")
def test_no_bundle_at_all_is_status_7(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke(*SSH, "--output", str(tmp_path / "out"), "--", "run").status == 7


def test_a_record_that_is_malformed_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "fleet.json").write_text('{"nodes": []}', encoding="ascii")
    outcome = invoke("fleet", "run", "--retry", str(tmp_path))
    assert outcome.status == 6
    assert "not a valid Fleet" in outcome.err
