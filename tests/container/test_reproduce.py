"""A run on the host can be reproduced in the image, and the reverse: both have the same packages of one lock."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from bench.bundle.environment import describe_distributions
from bench.records.bundle import Distribution
from bench.records.record import decode_json
from bench.verification.verify import verify_bundle
from tests.container.engine import PYTHON, Engine

pytestmark = pytest.mark.docker

CELL = (
    "--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--precision", "fp32",
    "--backend", "eager", "--layout", "single_core", "--repetitions", "5:6",
)  # fmt: skip
COMPARABLE = {0, 1, 3}
"""Any verdict: that others use this machine is no fault of the image. 4 would be "not comparable"."""
PACKAGES = """
import sys
from importlib.metadata import distributions
from bench.bundle.environment import describe_distributions
from bench.records.record import encode_json_line

sys.stdout.buffer.write(encode_json_line(describe_distributions(distributions())))
"""
USER = f"{os.getuid()}:{os.getgid()}"


def run_here(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def find_bundles(results: Path) -> list[Path]:
    return sorted(results.glob("*.bench.tar"), key=lambda path: path.stat().st_mtime_ns)


def judge_pair(results: Path, output: str) -> tuple[bool, bool] | None:
    """Whether the original, and the run that cites it, were in the image; None if the original is too noisy to cite."""
    original, *others = (verify_bundle(path) for path in find_bundles(results))
    if not others:
        assert "valid repetitions of a cell at most" in output
        return None
    [again] = others
    assert again.contents.info.cites is not None
    assert again.contents.info.cites.content_digest == original.content_digest
    return original.contents.image.inside, again.contents.image.inside


def test_host_and_image_have_the_same_files_of_each_package_of_the_lock(engine: Engine) -> None:
    here = {package.name: package for package in describe_distributions(distributions())}
    inside = decode_json(engine.run(PACKAGES, entrypoint=PYTHON).stdout.encode(), tuple[Distribution, ...], source="")

    assert len(inside) > 90
    assert [package for package in inside if here.get(package.name) != package] == []


@pytest.mark.slow
def test_a_run_on_the_host_is_reproduced_in_the_image(engine: Engine, results: Path) -> None:
    status, output = run_here("run", *CELL, "--output", results)
    assert status in {0, 3}, output
    [bundle] = find_bundles(results)

    finished = engine.run("reproduce", f"/results/{bundle.name}", results=results, user=USER, mem_limit=None)

    assert finished.status in COMPARABLE, finished.stdout + finished.stderr
    assert judge_pair(results, finished.stdout + finished.stderr) in {(False, True), None}


@pytest.mark.slow
def test_a_run_in_the_image_is_reproduced_on_the_host(engine: Engine, results: Path) -> None:
    finished = engine.run(*CELL, results=results, user=USER, mem_limit=None)
    assert finished.status in {0, 3}, finished.stderr
    [bundle] = find_bundles(results)

    status, output = run_here("reproduce", bundle, "--output", results)

    assert status in COMPARABLE, output
    assert judge_pair(results, output) in {(True, False), None}
