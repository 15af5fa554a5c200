"""What a container costs to start: `docker run bench --help` against the same container with an empty program, alternately.

    python tests/benchmarks/container_start.py [PAIRS]

Who goes first alternates (ABBA). Nothing is asserted. What it costs while it measures, bench itself says:
`bench ab --image-b bench:latest --workload resnet50 --precision fp32 --backend eager`.
"""

import shutil
import subprocess
import sys
from statistics import median
from time import perf_counter

DOCKER = shutil.which("docker") or "docker"
IMAGE = "bench:latest"
WALLS = ("--rm", "--read-only", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
PROGRAMS = {"help": (IMAGE, "--help"), "empty": ("--entrypoint", "/bin/true", IMAGE)}


def main(pairs: int) -> None:
    """Print the seconds of `--help` beyond those of a container that does nothing."""
    taken: dict[str, list[float]] = {which: [] for which in PROGRAMS}
    for pair in range(pairs):
        for which in ("help", "empty") if pair % 2 else ("empty", "help"):
            began = perf_counter()
            subprocess.run([DOCKER, "run", *WALLS, *PROGRAMS[which]], check=True, capture_output=True)
            taken[which].append(perf_counter() - began)
    over = [help_s - empty_s for help_s, empty_s in zip(taken["help"], taken["empty"], strict=True)]
    print(
        f"empty container {median(taken['empty']):.2f} s, bench --help {median(taken['help']):.2f} s, "
        f"over it {median(over):.2f} s, {min(over):.2f} to {max(over):.2f} over {pairs} pairs"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
