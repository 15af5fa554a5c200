"""A real run of real workers on this machine, at shapes that take seconds."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.verification.verify import verify_bundle
from tests.integration.tiny import (
    LONGEST_S,
    MEASURED,
    bench,
    expect_no_orphans,
    read_journals,
    start,
    wait_for,
    write_suite,
)

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def workers(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return [
            child for child in psutil.Process(parent.pid).children(recursive=True) if "bench.worker" in child.cmdline()
        ]
    except psutil.NoSuchProcess:
        return []


def at_work(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Children of workers; a worker itself loads and waits."""
    return [worker for worker in workers(run) if worker.ppid() != run.pid]


@pytest.fixture
def no_orphans() -> Iterator[None]:
    """No worker on this machine outlives the run that started it."""
    yield
    expect_no_orphans()


def summary(bundle: str) -> dict[str, object]:
    shown = bench("show", bundle, "--json")
    assert shown.returncode == 0, shown.stderr
    found: dict[str, object] = json.loads(shown.stdout)["summary"]
    return found


def test_a_run_ends_with_a_table_and_a_bundle_that_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PROC_BIND", "true")
    key, output = tmp_path / "operator.pem", tmp_path / "out"
    assert bench("keygen", str(key), "--no-passphrase").returncode == 0
    run = start("--suite", write_suite(tmp_path), "--key", str(key), "--output", str(output))
    wait_for(run, lambda: workers(run))
    environment = workers(run)[0].environ()
    out, err = run.communicate(timeout=LONGEST_S)
    assert run.returncode == 0, err
    # No worker ever sees the key, or a stray setting.
    assert "OMP_PROC_BIND" not in environment
    assert not [name for name in environment if "KEY" in name]
    *_, last = out.splitlines()
    assert last.startswith("bundle: ")
    assert "dlrm lookups=10 rows=1000" in out
    assert "probing compute and memory bandwidth" in err
    assert "probing" not in out
    bundle = last.removeprefix("bundle: ")
    verified = bench("verify", bundle, "--key", f"{key}.pub")
    assert verified.returncode == 0, verified.stderr
    assert "2 summaries follow from their raw samples, 0 cells have none" in verified.stdout
    assert [path.name for path in output.iterdir()] == [Path(bundle).name]


def test_two_instances_run_bound_apart_and_together(tmp_path: Path) -> None:
    cpus = len(os.sched_getaffinity(0))
    assert cpus >= 2, "this test needs two CPUs"
    done = bench("--suite", write_suite(tmp_path, layout="throughput"), "--mode", "inference", "--instances", "2", "--threads", "1", "--json", "--output", str(tmp_path / "out"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    contents = verify_bundle(Path(json.loads(done.stdout)["bundle"])).contents
    (measurement,) = contents.measurements
    held = [instance.effective.cpus for instance in measurement.repetitions[0].instances]
    assert held == [binding.cpus for binding in contents.plan.cells[0].instances]
    assert len(set(held)) == 2
    first, second = measurement.repetitions[0].instances
    assert first.samples[0].start_ns < second.samples[-1].start_ns
    assert second.samples[0].start_ns < first.samples[-1].start_ns


@pytest.mark.usefixtures("no_orphans")
def test_workers_killed_in_mid_run_fail_their_cells_and_the_run_goes_on(tmp_path: Path) -> None:
    output = tmp_path / "out"
    run = start("--suite", write_suite(tmp_path), "--batch-size", "8,16", "--output", str(output))
    wait_for(run, lambda: b'"type":"probe"' in read_journals(output))
    wait_for(run, lambda: at_work(run))
    at_work(run)[0].kill()
    wait_for(run, lambda: b'"failure":{' in read_journals(output))
    wait_for(run, lambda: at_work(run))
    at_work(run)[0].parent().kill()  # type: ignore[union-attr] # the parent waits for it
    out, err = run.communicate(timeout=LONGEST_S)
    assert run.returncode == 5, err
    assert err.count("FAILED dlrm") == err.count("killed by SIGKILL") == 2
    bundle = out.splitlines()[-1].removeprefix("bundle: ")
    assert bench("verify", bundle).returncode == 0
    found = summary(bundle)
    assert [reason["code"] for reason in found["failed"].values()] == ["killed", "killed"]  # type: ignore[attr-defined]
    assert len(found["cells"]) == 2  # type: ignore[arg-type]


@pytest.mark.usefixtures("no_orphans")
def test_a_worker_that_takes_too_long_fails_its_cell(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, modes=["inference"], workload="basic_gnn_gcn")  # whose proof takes seconds
    done = bench("--suite", suite, "--timeout", "1", "--output", str(tmp_path / "out"))
    assert done.returncode == 5
    assert "no result within 1 s" in done.stdout


@pytest.mark.usefixtures("no_orphans")
def test_a_run_that_is_interrupted_and_killed_keeps_what_it_has_and_resumes(tmp_path: Path) -> None:
    output = tmp_path / "out"
    run = start("--suite", write_suite(tmp_path, repetitions=(2, 4)), "--output", str(output))
    wait_for(run, lambda: b'"type":"repetition"' in read_journals(output))
    for number in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM):  # Ctrl-C, kill -9, docker stop
        wait_for(run, lambda: workers(run))  # noqa: B023 - called in this turn alone
        run.send_signal(number)
        _, err = run.communicate(timeout=LONGEST_S)
        (folder,) = output.iterdir()  # no half bundle
        if number != signal.SIGKILL:
            assert run.returncode == 130
            assert err.splitlines()[-1] == (
                f"bench: interrupted; what was measured is kept, go on with: bench run --resume {folder}"
            )
        run = start("--resume", str(folder))
    out, err = run.communicate(timeout=LONGEST_S)
    assert run.returncode in MEASURED, err
    contents = verify_bundle(Path(out.splitlines()[-1].removeprefix("bundle: "))).contents
    assert contents.info.resumed == 3
    assert len(contents.measurements) == 2
    for measurement in contents.measurements:
        used = sum(not repetition.invalid for repetition in measurement.repetitions)
        # On a host that never calms, void ones are made again until the plan ends it.
        assert used >= 2 or len(measurement.repetitions) == contents.plan.policy.attempts_max
    assert not folder.exists()
