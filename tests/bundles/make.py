"""Make small real bundles of this bench's schema: `python -m tests.bundles.make tests/data/bundles/2`.

Every bundle that was kept must verify for ever, with the same numbers. So they are made once for each schema, of runs
that between them hold every record, and their bytes never change: `SHA256SUMS` lists them. Takes minutes, and wants a
quiet host, where repetitions are valid. What says whose host it was is redacted.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

SUMS = "SHA256SUMS"

_REPO = Path(__file__).parents[2]
_SCRATCH = Path("build/bundles")
"""Below the repository, which is the current folder."""

_POLICY = """
name = "{name}"
summary = "cells in seconds"
layouts = ["latency"]
[policy]
repetitions_min = {least}
repetitions_max = {least}
warmup_max_s = 0.1
measure_s = 0.1
samples_min = 5
sample_s = 0.01
target_ci_ratio = 0.99
confidence = 0.95
timeout_s = {timeout_s}
"""

_GRAPH = """
[[cases]]
workload = ["basic_gnn_gcn"]
mode = ["inference", "training"]
shape = { nodes = 500, edges = 4000 }
"""

_FAILING = """
[[cases]]
workload = ["basic_gnn_gcn"]
shape = { nodes = 500, edges = 4000 }
[[cases]]
workload = ["basic_gnn_edgecnn"]
backend = ["openvino"]
shape = { nodes = 500, edges = 4000 }
[[cases]]
workload = ["resnet50"]
batch_size = [8]
shape = { image_size = 1024 }
"""
"""A cell that is measured, a case that is refused, and a cell that takes longer than its timeout. A failure with a
traceback would keep the paths of whoever made the bundle."""

_QUALIFICATION = """
name = "kept"
summary = "Something of every outcome"
[rules.fast]
check = "performance.latency_s"
at_most = 3600
[rules.cores]
check = "hardware.core_count"
at_least = 100000
[rules.like-itself]
check = "performance.latency_s"
ratio_at_most = 1.5
[[waivers]]
rule = "cores"
owner = "maintainers"
reason = "no host of today has so many"
until = {until}
"""


def main(target: Path) -> None:
    """Make all of them in a new folder."""
    target.mkdir(parents=True, exist_ok=True)
    if (target / SUMS).exists():
        raise SystemExit(f"{target}: holds bundles already, whose bytes never change; make new ones elsewhere")
    target = target.resolve()
    os.chdir(_REPO)
    _SCRATCH.mkdir(parents=True)
    try:
        _make(target)
    finally:
        rmtree(_SCRATCH)
    files = sorted(path for path in target.iterdir() if path.suffix != ".txt")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (target / SUMS).write_text("".join(lines), encoding="ascii")
    for path in files:
        print(f"{path.stat().st_size:8} {path.name}")


def _make(target: Path) -> None:
    tiny = _write("tiny", _POLICY.format(name="tiny", least=5, timeout_s=300) + _GRAPH)
    failing = _write("failing", _POLICY.format(name="failing", least=1, timeout_s=30) + _FAILING)
    policy = _write("kept", _QUALIFICATION.format(until=datetime.now(UTC).date() + timedelta(days=300)))

    _keep("failures", target, ["run", "--suite", failing], statuses={5})
    _keep(
        "pair",
        target,
        ["ab", "--env-b", "OMP_WAIT_POLICY=passive", "--suite", tiny, "--mode", "inference", "--repetitions", "5"],
    )
    calibrated = _SCRATCH / "calibrated"
    calibrate = ["calibrate", "--suite", tiny, "--workload", "*", "--runs", "2", "--repetitions", "5"]
    _bench([*calibrate, "--output", str(calibrated)], statuses={0, 3})
    reference = min(calibrated.glob("*.bench.tar"))
    original = _keep("calibrated", target, ["run", "--suite", tiny])
    _keep("reproduction", target, ["reproduce", str(original)])
    qualify = ["qualify", str(original), "--policy", policy, "--reference", str(reference), "--output", str(target)]
    _bench(qualify, statuses={0, 1, 3})


def _write(name: str, text: str) -> str:
    path = _SCRATCH / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _keep(name: str, target: Path, words: Iterable[str], *, statuses: Iterable[int] = (0, 1, 3)) -> Path:
    """Run, keep the bundle without what says whose host it was, and return where it lies as it was made."""
    folder = _SCRATCH / name
    known = set(folder.glob("*.bench.tar"))
    _bench([*words, "--output", str(folder)], statuses=statuses)
    made = set(folder.glob("*.bench.tar")) - known
    if len(made) != 1:
        raise SystemExit(f"{name}: no bundle was made; too few repetitions are valid, try on a quieter host")
    (bundle,) = made
    _bench(["redact", str(bundle), "--output", str(target / f"{name}.bench.tar")], statuses={0})
    return bundle


def _bench(words: Iterable[str], *, statuses: Iterable[int]) -> None:
    """Run bench of this repository: from its root, so that workers load it too, whatever else is installed."""
    command = [sys.executable, "-m", "bench", *words]
    status = subprocess.run(command, check=False).returncode
    if status not in set(statuses):
        raise SystemExit(f"{' '.join(command)}: exit status {status}, wanted one of {sorted(statuses)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
