"""Processes that work on bundles find this bench, whatever their Python's fork server gives them of `sys.path`."""

import subprocess
import sys
import sysconfig
from pathlib import Path

REPO = Path(__file__).parents[3]

SCRIPT = """
import os, runpy, sys
from functools import partial
sys.path.append(sys.argv[1])
runpy.run_path(sys.argv[2])  # imports bench, and leaves its folder out of sys.path
os.sched_getaffinity = lambda _: {0, 1}
from pathlib import Path
from bench.bundle.files import read_file
from bench.verification.processes import map_bundles
read = list(map_bundles(partial(read_file, limit=9), [Path(name) for name in sys.argv[3:]]))
print(len(read), {len(data) for data in read})
"""


def test_processes_import_the_bench_that_their_parent_has(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(20)]
    for path in paths:
        path.write_bytes(b"1234567")
    start = REPO / "bench" / "launch" / "start.py"
    # Without site, no .pth file brings the checkout's folder back into the fork server.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT, sysconfig.get_path("purelib"), str(start), *map(str, paths)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "20 {7}\n", done.stderr
