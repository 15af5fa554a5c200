"""What reading a history takes: the first time, when each bundle is verified, and with its cache.

    python -m tests.benchmarks.history_read [BUNDLES] [--folder FOLDER] [--cached RUNS]

The bundles have 14 cells, five repetitions of 30 samples each. They are made in a temporary folder, or once in `--folder`:
ten thousand take 4.3 GB, and some minutes to make. `--cached` searches as many runs that are only in memory, of one host.
Nothing is asserted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
from msgspec.structs import replace

from bench.history.columns import Columns
from bench.history.extract import extract
from bench.history.judge import judge_history
from bench.history.series import group_series
from bench.records.bundle import BUNDLE_SUFFIX, Contents
from bench.stats.change_limits import load_limits
from tests.benchmarks.large_bundles import make_contents
from tests.builders import CASE, make_cell
from tests.unit.bundle.builder import seal_contents

CELLS = [make_cell(index, case=replace(CASE, shape={"image_size": 64 + 32 * index})) for index in range(14)]
SAMPLES = 30


def make_run(number: int) -> Contents:
    """A run with samples of its own, so that no two pass for one that was sealed twice."""
    contents = make_contents(CELLS, SAMPLES, seed=number)
    return replace(contents, info=replace(contents.info, run_id=f"20260102T030405Z-{number:08x}"))


def write_run(path: Path) -> None:
    """Write the bundle of a run whose number is in its file's name."""
    path.write_bytes(seal_contents(make_run(int(path.name[:8], 16))))


def fill(folder: Path, count: int) -> None:
    """Make the bundles that a folder lacks, on all CPUs."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [folder / f"{number:08x}{BUNDLE_SUFFIX}" for number in range(count)]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(write_run, [path for path in wanted if not path.exists()], chunksize=16))


def measure_reading(folder: Path, state: Path) -> None:
    """Print what `bench history` takes, whole commands."""
    for path in folder.glob(".bench-history.*"):
        path.unlink()
    sizes = [path.stat().st_size for path in folder.glob(f"*{BUNDLE_SUFFIX}")]
    print(f"{len(sizes)} bundles of {sum(sizes) / len(sizes) / 1e3:.0f} kB", flush=True)
    environment = os.environ | {"XDG_STATE_HOME": str(state)}
    for title in ("the first time", "again", "once more"):
        began = perf_counter()
        command = [sys.executable, "-I", "-m", "bench", "history", str(folder)]
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        print(f"{title}: {perf_counter() - began:.2f} s, status {done.returncode}", flush=True)


def measure_search(count: int) -> None:
    """Print what the search of a long history takes in this process."""
    run = extract(make_run(0))
    digests = [f"{number:08x}" for number in range(count)]
    one = Columns.empty().select(["0"], {"0": run})
    cells = len(one.points["mean"])
    points = {name: np.tile(column, count) for name, column in one.points.items()}
    points["run"] = np.repeat(np.arange(count), cells)
    points["mean"] = points["mean"] + np.random.default_rng(1).normal(scale=0.01, size=count * cells)
    runs = tuple(one.runs[0]._replace(digest=digest, run_id=f"20260102T030405Z-{digest}") for digest in digests)
    columns = Columns(runs, one.texts, points)
    began = perf_counter()
    hosts = group_series(columns, across_locks=False)
    grouped = perf_counter()
    judge_history(columns, digests, hosts, load_limits())
    print(
        f"{count} runs of {cells} cells: grouped in {grouped - began:.2f} s, searched in {perf_counter() - grouped:.2f} s"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=int, nargs="?", default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--cached", type=int, default=10_000)
    options = parser.parse_args()
    measure_search(options.cached)
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name) / "nightly"
        fill(folder, options.bundles)
        measure_reading(folder, Path(name) / "state")


if __name__ == "__main__":
    main()
