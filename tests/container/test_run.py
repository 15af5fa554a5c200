"""A run in a container leaves a bundle, or says in one line why it cannot."""

import os
import re
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from tests.container.engine import Engine

pytestmark = pytest.mark.docker

MEASURED = {0, 3}
"""Done, or too noisy: that others use this machine is no fault of the image."""
PATIENCE_S = 120
OWNER = 4711
"""The user of the host who started the container; that of the image is another."""


@pytest.mark.slow
def test_smoke_run_leaves_a_bundle_that_verifies_outside(engine: Engine, results: Path) -> None:
    finished = engine.run("--suite", "smoke", results=results, mem_limit=None)  # as most users run it

    assert finished.status in MEASURED, finished.stderr
    [bundle] = results.iterdir()
    assert finished.stdout.splitlines()[-1] == f"bundle: /results/{bundle.name}"
    verification = subprocess.run(
        [sys.executable, "-m", "bench", "verify", bundle], capture_output=True, text=True, check=False
    )
    assert verification.returncode == 0, verification.stderr


@pytest.mark.parametrize(
    ("folder_mode", "volume_mode"),
    [(0o1777, "ro"), (0o555, "rw"), (0o1777, None)],
    ids=["mounted read-only", "not writable for the user", "forgotten"],
)
def test_a_results_folder_that_cannot_keep_results_is_reported_in_one_line(
    engine: Engine, results: Path, folder_mode: int, volume_mode: str | None
) -> None:
    results.chmod(folder_mode)
    volumes = {str(results): {"bind": "/results", "mode": volume_mode}} if volume_mode else {}

    finished = engine.run("--suite", "smoke", volumes=volumes)

    assert finished.status == 7
    assert not finished.stdout
    assert len(finished.stderr.splitlines()) == 1
    assert "/results" in finished.stderr
    assert not list(results.iterdir())


@pytest.mark.slow
def test_docker_stop_ends_a_run_that_can_be_resumed(engine: Engine, results: Path) -> None:
    container = engine.start("--suite", "smoke", "--workload", "basic_gnn_gcn", results=results)
    for _ in range(PATIENCE_S):
        if b"repetition 1" in container.logs():
            break
        sleep(1)

    container.stop(timeout=60)

    assert container.wait()["StatusCode"] == 130
    [folder] = results.glob("*.run")
    assert not list(results.glob("*.bench.tar"))
    hint = re.search(r"go on with: docker run OPTIONS IMAGE (.*) \(OPTIONS", container.logs(stdout=False).decode())
    assert hint is not None
    assert hint[1] == f"run --resume /results/{folder.name}"
    finished = engine.run(*hint[1].split(), results=results)
    assert finished.status in MEASURED, finished.stderr
    assert list(results.glob("*.bench.tar"))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_the_owner_of_the_results_folder_can_delete_all_that_a_container_wrote(engine: Engine, results: Path) -> None:
    os.chown(results, OWNER, OWNER)
    container = engine.start(
        "--suite", "smoke", "--workload", "basic_gnn_gcn", "--backend", "inductor", results=results
    )
    for _ in range(PATIENCE_S):
        if b"repetition 1" in container.logs():
            break
        sleep(1)
    container.kill()
    container.wait()
    assert list(results.glob("*.run"))

    results.parent.chmod(0o755)
    subprocess.run(["/bin/sh", "-c", "rm -r ./*"], cwd=results, user=OWNER, group=OWNER, extra_groups=[], check=True)

    assert not list(results.iterdir())
