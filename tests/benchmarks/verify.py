"""What `bench verify` takes: seconds and memory, for one large bundle and for a thousand small ones.

    python -m tests.benchmarks.verify [RUNS]

The large bundle has the policy and the proportions of the suite `standard`: five repetitions a cell, each of ten seconds
in samples of 50 ms, and as many cells as make 50 MB. The small ones are of one cell. Each run is the whole command,
from the interpreter's start to its end; beside it a bare interpreter and sha256sum of the same files are timed
alternately, as measures of the machine. Nothing is asserted.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter


def main(runs: int) -> None:
    """Make the bundles in another process, as a process is born with its parent's memory, and time the commands."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.large_bundles", name], check=True)
        bench = [sys.executable, "-m", "bench", "verify"]
        large, many = Path(name) / "large.bench.tar", Path(name) / "many"
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "sha256sum of the large one": ["/usr/bin/sha256sum", str(large)],
            "bench verify of the large one": [*bench, str(large)],
            "sha256sum of all the others": ["/usr/bin/sha256sum", *map(str, sorted(many.iterdir()))],
            "bench verify of all the others": [*bench, str(many)],
        }
        taken: dict[str, list[tuple[float, int]]] = {title: [] for title in commands}
        for _ in range(runs):
            for title, argv in commands.items():
                taken[title].append(measure(argv))
    for title, measured in taken.items():
        report(title, measured)


def report(title: str, taken: Sequence[tuple[float, int]]) -> None:
    """Print the median and the range of a command's seconds, and the most memory that one process of it had."""
    seconds = [taken_run[0] for taken_run in taken]
    most = max(taken_run[1] for taken_run in taken) / 1e6
    print(
        f"{title}: {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, {len(taken)} runs), {most:.0f} MB"
    )


def measure(argv: Sequence[str]) -> tuple[float, int]:
    """Seconds of a command, and the most memory that its process had resident, in bytes.

    Raises:
        SystemExit: it failed.
    """
    began = perf_counter()
    silent = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, silent, 1)])
    _, status, usage = os.wait4(child, 0)
    os.close(silent)
    if status:
        raise SystemExit(f"{' '.join(argv)} ended with status {os.waitstatus_to_exitcode(status)}")
    return perf_counter() - began, usage.ru_maxrss * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
