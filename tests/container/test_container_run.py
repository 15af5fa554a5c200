"""`bench container run`, by a real engine: what it leaves is a bundle, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bundle.keys import generate_key
from bench.verification.verify import verify_bundle
from tests.container.engine import Engine
from tests.little_memory import MEMORY_BYTES

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("alone")]

MEASURED = {0, 3}
ONE_CELL = ("--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--repetitions", "1:2")


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """As from a terminal: a shell's background job, as these tests may be, ignores Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "container", "run", "--memory", str(MEMORY_BYTES), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads here
    )


def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
    with start(*arguments, **variables) as process:
        out, err = process.communicate(timeout=900)
    return process.returncode, out, err


@pytest.mark.slow
def test_leaves_a_bundle_that_names_its_image_and_nothing_else(engine: Engine, results: Path) -> None:
    status, out, err = run(*ONE_CELL, "--layout", "single_core", "--output", str(results))

    assert status in MEASURED, err
    assert "repetition 1" in err
    [bundle] = results.glob("*.bench.tar")
    assert out.splitlines()[-1] == f"bundle: {bundle}"
    contents = verify_bundle(bundle).contents
    assert contents.image.stated is not None
    assert contents.image.stated.id == engine.image.id
    assert list(contents.image.stated.layers) == engine.image.attrs["RootFS"]["Layers"]
    assert contents.machine.topology.allowed_cpus == contents.plan.cells[0].instances[0].cpus
    assert {
        instance.effective.memory_binding
        for repetition in contents.measurements[0].repetitions
        for instance in repetition.instances
    } == {"mempolicy"}
    assert not engine.wait_for_ours(0)


@pytest.mark.slow
def test_a_key_signs_outside_when_the_container_is_gone(engine: Engine, results: Path, tmp_path: Path) -> None:
    key = tmp_path / "operator.pem"
    generate_key(key, None)

    status, _, err = run(*ONE_CELL, "--key", str(key), "--output", str(results))

    assert status in MEASURED, err
    [bundle] = results.glob("*.bench.tar")
    verified = subprocess.run(
        [sys.executable, "-m", "bench", "verify", bundle, "--key", f"{key}.pub"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
    assert not engine.wait_for_ours(0)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_it_says_how_to_go_on_and_leaves_no_container(
    engine: Engine, results: Path, how: signal.Signals
) -> None:
    with start("--suite", "smoke", "--output", str(results)) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "repetition 1" in line:
                break
        process.send_signal(how)
        rest = process.stderr.read()

    assert process.returncode == 130, rest
    [folder] = results.glob("*.run")
    assert f"go on with: bench container run --image {engine.image.id} --resume {folder}\n" in rest
    assert not engine.wait_for_ours(0)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=["SIGKILL", "the terminal is closed"])
def test_however_it_ends_its_container_ends_and_what_was_measured_is_kept(
    engine: Engine, results: Path, how: signal.Signals
) -> None:
    with start("--suite", "smoke", "--output", str(results)) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "repetition 1" in line:
                break
        process.send_signal(how)
        process.stderr.close()
        process.wait()

    assert not engine.wait_for_ours(0)
    assert list(results.glob("*.run"))
    assert not list(results.glob("*.bench.tar"))


def test_an_image_that_is_not_there_is_one_line_and_is_not_fetched(engine: Engine, results: Path) -> None:
    status, out, err = run("--image", "bench-that-nobody-built", "--suite", "smoke", "--output", str(results))

    assert (status, out) == (7, "")
    assert err == (
        "bench: the Docker engine holds no image bench-that-nobody-built; build it with `make image`, or name another "
        "with --image\n"
    )
    assert not engine.ours()


def test_one_that_cannot_start_is_one_line_and_leaves_nothing(engine: Engine, results: Path) -> None:
    status, out, err = run("--memory", "1k", "--suite", "smoke", "--output", str(results))

    assert (status, out) == (7, "")
    assert len(err.splitlines()) == 1
    assert "memory" in err.lower()
    assert not engine.ours()


def test_options_pass_through_and_the_runs_own_status_comes_back(results: Path) -> None:
    status, out, err = run("--suite", "smoke", "--workload", "nothing-like-this", "--output", str(results))

    assert (status, out) == (2, "")
    assert "nothing-like-this" in err


def test_a_plan_is_printed_as_inside(results: Path) -> None:
    status, out, err = run("--suite", "smoke", "--layout", "single_core", "--dry-run", "--output", str(results))

    assert status == 0, err
    assert f"instance 0: CPUs {min(os.sched_getaffinity(0))}, memory nodes 0, 1 threads" in out
