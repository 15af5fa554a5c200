"""A run on the host can be reproduced in the image, and the reverse: both have the same packages of one lock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bundle.verify import verify_bundle
from bench.records.bundle import Contents
from tests.container.engine import Engine

pytestmark = pytest.mark.docker

CELL = (
    "--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--precision", "fp32",
    "--backend", "eager", "--layout", "single_core", "--repetitions", "5:6",
)  # fmt: skip
COMPARABLE = {0, 1, 3}
"""Any verdict: that others use this machine is no fault of the image. 4 would be "not comparable"."""
USER = f"{os.getuid()}:{os.getgid()}"


def run_here(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def find_bundles(results: Path) -> list[Path]:
    return sorted(results.glob("*.bench.tar"), key=lambda path: path.stat().st_mtime_ns)


def read_pair(results: Path) -> tuple[Contents, Contents]:
    """The original, and the run that cites it."""
    original, again = (verify_bundle(path) for path in find_bundles(results))
    assert again.contents.info.cites is not None
    assert again.contents.info.cites.content_digest == original.content_digest
    return original.contents, again.contents


@pytest.mark.slow
def test_a_run_on_the_host_is_reproduced_in_the_image(engine: Engine, results: Path) -> None:
    status, output = run_here("run", *CELL, "--output", results)
    assert status in {0, 3}, output
    [bundle] = find_bundles(results)

    finished = engine.run("reproduce", f"/results/{bundle.name}", results=results, user=USER)

    assert finished.status in COMPARABLE, finished.stdout + finished.stderr
    original, again = read_pair(results)
    assert (original.image.inside, again.image.inside) == (False, True)
    assert set(again.environment.distributions) <= set(original.environment.distributions)


@pytest.mark.slow
def test_a_run_in_the_image_is_reproduced_on_the_host(engine: Engine, results: Path) -> None:
    finished = engine.run(*CELL, results=results, user=USER)
    assert finished.status in {0, 3}, finished.stderr
    [bundle] = find_bundles(results)

    status, output = run_here("reproduce", bundle, "--output", results)

    assert status in COMPARABLE, output
    original, again = read_pair(results)
    assert (original.image.inside, again.image.inside) == (True, False)
    assert set(original.environment.distributions) <= set(again.environment.distributions)
