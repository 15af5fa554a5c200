"""`bench ab` with an image on one side: its workers run in containers, by this bench, and leave nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.verification.verify import verify_bundle
from tests.container.engine import IMAGE, Engine

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("alone")]

JUDGED = {0, 1, 3}
ONE_CELL = ("--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--layout", "latency")


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "ab", "--image-b", IMAGE, *ONE_CELL, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_an_image_is_measured_in_pairs_with_what_is_installed_here(engine: Engine, results: Path) -> None:
    with start("--repetitions", "2", "--allocator", "jemalloc", "--output", str(results)) as running:
        out, err = running.communicate(timeout=900)

    assert running.returncode in JUDGED, err
    [bundle] = results.glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    a, b = contents.plan.variants
    assert a.image is None
    assert b.image is not None
    assert b.image.id == engine.image.id
    assert f"side b: --image {IMAGE}" in out
    assert contents.environments["b"].source_digest == contents.environment.source_digest
    for measurement in contents.measurements:
        assert measurement.failure is None
        for repetition in measurement.repetitions:
            [instance] = repetition.instances
            effective = {library.name for library in instance.effective.libraries if library.effective}
            assert "jemalloc" in effective  # found anew in the image, where paths are others
            assert instance.effective.memory_binding == "mempolicy"
    assert not engine.wait_for_ours(0)


@pytest.mark.slow
def test_a_run_that_is_killed_takes_its_containers_along(engine: Engine, results: Path) -> None:
    with start("--repetitions", "2", "--output", str(results)) as running:
        assert len(engine.wait_for_ours(1)) == 1
        os.kill(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
    assert not engine.wait_for_ours(0)


def test_an_image_that_the_engine_lacks_is_reported_in_one_line(engine: Engine) -> None:
    assert engine.image
    done = subprocess.run(
        [sys.executable, "-m", "bench", "ab", "--image-b", "bench:none", *ONE_CELL],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert done.stderr.splitlines()[-1].startswith("bench: the Docker engine holds no image bench:none; build it with")
