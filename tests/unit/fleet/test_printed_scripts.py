"""What `--dry-run` prints does the same as the engine, when a shell runs it."""

import subprocess
from pathlib import Path

from bench.fleet.engine import folder_of
from bench.fleet.slurm import SlurmEngine
from bench.fleet.ssh import SshEngine
from bench.records.fleet import FleetNode, FleetOptions
from tests.unit.fleet.conftest import Answers, read_calls

NODE = FleetNode(node="n1", state="waiting", attempts=2)
HOSTILE = """it's "my" $(touch x) `touch x`; \\ END folder; %j"""


def make_options(engine: str) -> FleetOptions:
    return FleetOptions(
        engine=engine,  # type: ignore[arg-type]
        program=("/opt/a bench",),
        command=("run", "--note", HOSTILE),
        timeout_s=90,
        engine_options=("-F", HOSTILE),
    )


def run_script(script: str, folder: Path) -> None:
    subprocess.run(["/bin/sh", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, check=True)
    assert not (folder / "x").exists()


def test_for_slurm_also_where_a_shell_would_read_the_folder_s_name(answers: Answers, tmp_path: Path) -> None:
    calls = answers("sbatch", out="17\n")
    engine = SlurmEngine(make_options("slurm"), tmp_path / HOSTILE)
    folder_of(tmp_path / HOSTILE, NODE).mkdir(parents=True)
    engine.submit(NODE)
    (tmp_path / "programs/mkdir").symlink_to("/bin/mkdir")
    run_script(engine.render([NODE]), tmp_path)
    submitted, printed = read_calls(calls)
    assert printed == submitted


def test_for_ssh_also_where_a_shell_would_read_the_words(answers: Answers, tmp_path: Path) -> None:
    calls = answers("ssh")
    engine = SshEngine(make_options("ssh"), tmp_path)
    folder_of(tmp_path, NODE).mkdir(parents=True)
    engine.submit(NODE)
    engine.observe([NODE])
    engine.cancel([NODE])
    run_script(engine.render([NODE]), tmp_path)
    submitted, printed = read_calls(calls)
    assert printed == submitted
    assert submitted[submitted.index("--") + 1] == "n1"
