"""A triage of real runs of this machine, three of which were planted: a slow cell, another setting, wrong outputs.

    python -m tests.benchmarks.triage_planted FOLDER [RUNS]

Each run measures two small models of a file, for some fifteen seconds. What is planted is planted while it runs, and the code
that is measured stays the same, byte by byte: a model reads the number of its loops, another one what it adds to its output,
from files beside it; the setting is the kernel's own `transparent_hugepage/enabled`, which needs root, and is put back.

All runs are of one machine, so each gets a host name of its own afterwards, and is sealed again by a key of the tests. Nothing
else in them is changed. A folder that holds some of the runs is gone on with. Nothing is asserted.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from msgspec.structs import replace

from bench.records.bundle import BUNDLE_SUFFIX
from bench.verification.verify import verify_bundle
from tests.integration.tiny import REPO
from tests.unit.bundle.builder import seal_contents

SLOW, SET, WRONG = 1, 2, 3
"""The runs that something is planted in."""

LOOPS, MORE_LOOPS = "20", "40"
OFFSET, OTHER_OFFSET = "0.0", "0.001"
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
OTHER_HUGE_PAGES = "never"

MODELS = '''
from pathlib import Path

import torch
from torch import nn

FOLDER = Path({folder!r})


class Loops(nn.Module):
    """The same matrix product again and again; a file says how often. The output is that of one."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(384, 384)
        self.loops = int((FOLDER / "loops").read_text())

    def forward(self, x):
        for _ in range(self.loops):
            y = torch.tanh(self.linear(x))
        return y


class Offset(nn.Module):
    """A convolution; a file says what is added to its output."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(16, 64, 3)
        self.offset = float((FOLDER / "offset").read_text())

    def forward(self, x):
        return self.convolution(x) + self.offset


def loops(batch_size=64):
    return Loops(), torch.empty(batch_size, 384)


def offset(batch_size=8):
    return Offset(), torch.empty(batch_size, 16, 56, 56)

'''

SUITE = """
name = "planted"
summary = "cells in seconds"
layouts = ["latency"]
[policy]
repetitions_min = 3
repetitions_max = 5
warmup_max_s = 0.1
measure_s = 0.1
samples_min = 5
sample_s = 0.01
target_ci_ratio = 0.99
confidence = 0.95
timeout_s = 60
[[cases]]
workload = ["basic_gnn_gcn"]
"""


def write_files(folder: Path) -> None:
    """Write what every run reads."""
    (folder / "fleet").mkdir(parents=True, exist_ok=True)
    (folder / "models.py").write_text(MODELS.format(folder=str(folder)), encoding="utf-8")
    (folder / "planted.toml").write_text(SUITE, encoding="utf-8")


@contextmanager
def planted(folder: Path, number: int) -> Iterator[None]:
    """Plant what is to be odd in a run, and take it away again."""
    usual = HUGE_PAGES.read_text(encoding="ascii").partition("[")[2].partition("]")[0]
    (folder / "loops").write_text(MORE_LOOPS if number == SLOW else LOOPS, encoding="ascii")
    (folder / "offset").write_text(OTHER_OFFSET if number == WRONG else OFFSET, encoding="ascii")
    if number == SET:
        HUGE_PAGES.write_text(OTHER_HUGE_PAGES, encoding="ascii")
    try:
        yield
    finally:
        HUGE_PAGES.write_text(usual, encoding="ascii")


def measure(folder: Path, number: int) -> None:
    """Make a run, unless it is there already, and put it into the fleet under a host name of its own."""
    target = folder / "fleet" / f"{number:02d}{BUNDLE_SUFFIX}"
    if target.exists():
        return
    rmtree(folder / "run", ignore_errors=True)
    with planted(folder, number):
        bench("run", "--suite", folder / "planted.toml", "--workload", folder / "models.py", "--output", folder / "run")
    (made,) = (folder / "run").glob(f"*{BUNDLE_SUFFIX}")
    contents = verify_bundle(made).contents
    machine = replace(contents.machine, host_name=f"n{number:02d}")
    target.write_bytes(seal_contents(replace(contents, machine=machine)))


def bench(*arguments: object, show: bool = False) -> None:
    """Run the program, and print its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=REPO,
        stdout=None if show else subprocess.DEVNULL,
        stderr=None if show else subprocess.DEVNULL,
        check=False,
    )
    print(f"bench {arguments[0]}: status {done.returncode}", flush=True)


def main(folder: Path, runs: int) -> None:
    """Measure, triage, and verify the statement."""
    write_files(folder)
    for number in range(runs):
        measure(folder, number)
    out = folder / "out"
    rmtree(out, ignore_errors=True)
    bench("triage", folder / "fleet", "--hosts", out, "--junit", out / "triage.xml", "--html", out / "triage.html",
          "--output", out, "--wide", show=True)  # fmt: skip
    for name in ("nodes.ok", "nodes.bad", "nodes.suspect"):
        print(f"{name}: {' '.join((out / name).read_text(encoding='ascii').split())}")
    (statement,) = out.glob("triage-*.dsse.json")
    bench("verify", statement, show=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 40)
