"""A suite of seconds, and the program as users start it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

REPO = Path(__file__).parents[2]

_SUITE = """
name = "tiny"
summary = "cells in seconds"
layouts = ["{layout}"]
[policy]
repetitions_min = {least}
repetitions_max = {most}
warmup_max_s = 0.2
measure_s = 0.3
samples_min = 5
sample_s = 0.01
target_ci_ratio = 0.99
confidence = 0.95
timeout_s = 300
[[cases]]
workload = ["{workload}"]
mode = [{modes}]
{case}
"""

CASES = {
    "dlrm": "batch_size = [8]\nshape = { rows = 1000, lookups = 10 }",
    "basic_gnn_gcn": "shape = { nodes = 500, edges = 4000 }",
}
"""Workload → batch size and shape. dlrm needs no library besides torch, so its workers are loaded soonest."""


def write_suite(
    folder: Path,
    *,
    repetitions: tuple[int, int] = (1, 1),
    layout: str = "latency",
    modes: Sequence[str] = ("inference", "training"),
    workload: str = "dlrm",
) -> str:
    """Write the suite into a folder, a cell a mode."""
    path = folder / "tiny.toml"
    least, most = repetitions
    listed = ", ".join(f'"{mode}"' for mode in modes)
    text = _SUITE.format(layout=layout, least=least, most=most, modes=listed, workload=workload, case=CASES[workload])
    path.write_text(text, encoding="utf-8")
    return str(path)


LONGEST_S = 1800.0
"""What a run of seconds may take where the machine is slow and others use it: it ends what hangs, and judges no speed."""

MEASURED = {0, 3}
"""Done, or too noisy: that others use this machine is no fault of bench."""


def bench(
    *arguments: str,
    cwd: Path = REPO,
    prefix: Sequence[str] = (),
    python: str = sys.executable,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with variables beside those of the environment."""
    return subprocess.run(
        [*prefix, python, str(REPO / "entrypoint.py"), *arguments],
        cwd=cwd,
        env=os.environ | (variables or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start it, to be killed or interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *arguments], cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(run: subprocess.Popen[str], condition: Callable[[], object]) -> float:
    """Wait until a run that was started makes the condition true, and return the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert run.poll() is None, f"the run was over before: {run.communicate()}"
        assert time.monotonic() - began < LONGEST_S, "waited too long"
        time.sleep(0.05)
    return time.monotonic() - began


def read_journals(output: Path) -> bytes:
    """The journals of runs that have not ended."""
    return b"".join(path.read_bytes() for path in output.glob("*.run/journal.jsonl"))


def expect_no_orphans() -> None:
    """Workers end within seconds of the run that started them."""
    until = time.monotonic() + 10
    while _list_orphans():
        assert time.monotonic() < until, "a worker outlives its run"
        time.sleep(0.05)


def _list_orphans() -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "ppid"])
        if "bench.worker" in (process.info["cmdline"] or []) and process.info["ppid"] == 1
    ]
