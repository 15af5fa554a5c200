"""What `bench triage` takes for a large fleet: seconds, seconds of CPUs, and memory of all its processes.

    python -m tests.benchmarks.triage_scale [BUNDLES] [--keep FOLDER]

The bundles have 14 cells, five repetitions of 30 samples each; every machine is of one class, good, and has a host name of its
own. A folder that `--keep` names holds them afterwards, and is used again. Nothing is asserted.
"""

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, sleep

import psutil
from msgspec.structs import replace

from bench.records.bundle import BUNDLE_SUFFIX
from tests.benchmarks.history_read import make_run
from tests.unit.bundle.builder import seal_contents

LOOK_S = 0.5
"""Between two looks at the memory; a look takes some milliseconds of a core."""


def make_bundle(folder: Path, number: int) -> None:
    """Write the run of one machine, if it is not there."""
    path = folder / f"{number:08x}{BUNDLE_SUFFIX}"
    if not path.exists():
        contents = make_run(number)
        machine = replace(contents.machine, host_name=f"n{number:06d}")
        path.write_bytes(seal_contents(replace(contents, machine=machine)))


def make_fleet(folder: Path, count: int) -> None:
    """Write all bundles, on all cores."""
    with get_context("forkserver").Pool() as pool:
        for _ in pool.imap_unordered(partial(make_bundle, folder), range(count), chunksize=50):
            pass


def look(process: psutil.Process, cpu_s: dict[int, float]) -> int:
    """Bytes that a process and its descendants have in memory, those that several share counted once.

    Args:
        process: That runs.
        cpu_s: Gets what each of them has computed, by its id.
    """
    found = 0
    for member in (process, *process.children(recursive=True)):
        try:
            found += member.memory_full_info().pss
            times = member.cpu_times()
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
            continue
        cpu_s[member.pid] = times.user + times.system
    return found


def measure(folder: Path, output: Path) -> None:
    """Run the whole command, and print what it took."""
    command = [sys.executable, "-m", "bench", "triage", str(folder), "--output", str(output), "--hosts", str(output)]
    began, most = perf_counter(), 0
    cpu_s: dict[int, float] = {}
    with (output / "table").open("wb") as table:
        process = psutil.Popen(command, stdout=table)
        while process.poll() is None:
            most = max(most, look(process, cpu_s))
            sleep(LOOK_S)
    taken = perf_counter() - began
    print((output / "table").read_text(encoding="utf-8").splitlines()[0])
    print(
        f"{taken:.1f} s, {sum(cpu_s.values()):.1f} s of CPUs, {most / 2**20:.0f} MiB at most, status {process.returncode}"
    )
    (statement,) = output.glob("triage-*.dsse.json")
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "verify", str(statement)], stdout=subprocess.DEVNULL, check=False
    )
    print(
        f"its statement of {statement.stat().st_size / 1e6:.1f} MB: verified in {perf_counter() - began:.1f} s, status {done.returncode}"
    )


def main() -> None:
    """Make a fleet, and triage it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=int, nargs="?", default=10_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name) / "fleet"
        folder.mkdir(parents=True, exist_ok=True)
        make_fleet(folder, options.bundles)
        size = sum(path.stat().st_size for path in folder.iterdir()) / options.bundles
        print(f"{options.bundles} bundles of {size / 1e3:.0f} kB", flush=True)
        (Path(name) / "out").mkdir()
        measure(folder, Path(name) / "out")


if __name__ == "__main__":
    main()
