"""What the container costs: to start, and while it measures; both against going without, alternating.

    python tests/benchmarks/container.py start [PAIRS]
    python tests/benchmarks/container.py throughput [PAIRS] [OPTION OF bench run]...

`start` times `docker run bench --help` and the same container with an empty program, and prints the difference.
`throughput` runs the same cells natively and by `bench container run`, prints container/native of each cell's
throughput, and the interval of the mean ratio. Who goes first alternates (ABBA). Nothing is asserted.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from math import exp, log
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from scipy.stats import t

DOCKER = shutil.which("docker") or "docker"
IMAGE = "bench:latest"
WALLS = ("--rm", "--read-only", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
ONE_CELL = (
    "--suite", "smoke", "--workload", "resnet50", "--mode", "inference", "--precision", "fp32", "--backend", "eager",
    "--layout", "latency", "--repetitions", "2:2",
)  # fmt: skip


def main(what: str, pairs: int, options: list[str]) -> None:
    """Measure one of the two."""
    if what == "start":
        compare_start(pairs)
    else:
        compare_throughput(pairs, options or list(ONE_CELL))


def compare_start(pairs: int) -> None:
    """Seconds of `--help` beyond those of a container that does nothing."""
    programs = {"help": [IMAGE, "--help"], "empty": ["--entrypoint", "/bin/true", IMAGE]}
    taken: dict[str, list[float]] = {"help": [], "empty": []}
    for pair in range(pairs):
        for which in ("help", "empty") if pair % 2 else ("empty", "help"):
            began = perf_counter()
            subprocess.run([DOCKER, "run", *WALLS, *programs[which]], check=True, capture_output=True)
            taken[which].append(perf_counter() - began)
    over = [one - other for one, other in zip(taken["help"], taken["empty"], strict=True)]
    print(
        f"empty container {median(taken['empty']):.2f} s, bench --help {median(taken['help']):.2f} s, "
        f"over it {median(over):.2f} s, {min(over):.2f} to {max(over):.2f} over {pairs} pairs"
    )


def compare_throughput(pairs: int, options: list[str]) -> None:
    """Throughput of each cell in the container over that of the same cell natively."""
    logs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        results.mkdir()
        results.chmod(0o1777)
        for pair in range(pairs):
            found: dict[str, dict[str, float]] = {}
            for where in ("container", "native") if pair % 2 else ("native", "container"):
                found[where] = measure(where, results, options)
            for cell, native in found["native"].items():
                ratio = found["container"][cell] / native
                logs.append(log(ratio))
                print(f"{cell}: {native:.3f}/s natively, container/native {ratio:.4f}", flush=True)
    half = t.ppf(0.975, len(logs) - 1) * np.std(logs, ddof=1) / len(logs) ** 0.5
    mean = float(np.mean(logs))
    print(f"container/native {exp(mean):.4f}, 95% {exp(mean - half):.4f} to {exp(mean + half):.4f}, {len(logs)} pairs")


def measure(where: str, results: Path, options: list[str]) -> dict[str, float]:
    """Cell → items a second, of one run."""
    verb = ["container", "run", "--image", IMAGE] if where == "container" else ["run"]
    finished = subprocess.run(
        [sys.executable, "-m", "bench", *verb, *options, "--json", "--output", str(results)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not finished.stdout:
        sys.exit(finished.stderr)
    return {cell["cell"]: cell["throughput_per_s"]["point"] for cell in json.loads(finished.stdout)["summary"]["cells"]}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6, sys.argv[3:])
