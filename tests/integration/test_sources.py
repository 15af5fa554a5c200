"""Models of the user's own, from the command line to the sealed bundle; hostile ones beside the one that README shows."""

from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from bench.bundle.seal import SigningKey
from bench.planning.again import plan_again
from bench.run.prepare import Decision
from bench.run.session import run_plan
from bench.run.sources import bring_again
from bench.verification.verify import verify_bundle
from tests.documents.commands import read_example
from tests.integration.tiny import bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]

HOSTILE = """
import os, time, torch
from torch import nn

class Changing(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.layer, self.change, self.calls = nn.Linear(64, 64), change, 0

    def forward(self, x):
        self.calls += 1
        if self.calls == 4:
            self.change()
        return self.layer(x)

def changing(batch_size, change):
    return Changing(change), torch.empty(batch_size, 64)

def in_float64(batch_size=4):
    return changing(batch_size, lambda: torch.set_default_dtype(torch.float64))

def in_bfloat16(batch_size=4):
    return changing(batch_size, lambda: torch.set_float32_matmul_precision("medium"))

def flushing(batch_size=4):
    return changing(batch_size, lambda: torch.set_flush_denormal(True))

def with_a_thread_more(batch_size=4):
    return changing(batch_size, lambda: torch.set_num_threads(torch.get_num_threads() + 1))

def with_half_the_time(batch_size=4):
    from bench.measure import loop
    clock, *others = loop.time_samples.__defaults__
    loop.time_samples.__defaults__ = (lambda: clock() // 2, *others)
    return changing(batch_size, lambda: None)

def huge(batch_size=1):
    return nn.Identity(), [torch.empty(batch_size, 1 << 30) for _ in range(40)]

def leaving(batch_size=1):
    os._exit(0)

def printing(batch_size=1):
    while True:
        print("spam " * 1000)
"""
ENDLESS = """
def endless(batch_size=1):
    while True:
        pass
"""
"""In a run of its own, whose limit no honest cell need meet on a slow host."""
TOP_LEVEL = {
    "top_huge": "import torch\nheld = [torch.empty(1 << 30) for _ in range(40)]\n",
    "top_printing": "while True:\n    print('spam ' * 1000)\n",
}
"""Files that do not come to their end."""


class Measured(NamedTuple):
    """A run: the lines that it printed, and its bundle."""

    lines: list[str]
    bundle: Path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The example of README with all that is hostile, in one run; the files are gone afterwards."""
    folder = tmp_path_factory.mktemp("own")
    files = {"my_models": read_example(), "hostile": HOSTILE, **TOP_LEVEL}
    for name, code in files.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    words = ",".join(f"./{name}.py" for name in files)
    done = bench("--suite", write_suite(folder), "--workload", words, "--wide", cwd=folder)
    assert done.returncode == 5, done.stdout + done.stderr
    for name in files:
        (folder / f"{name}.py").unlink()
    (bundle,) = (folder / "results").glob("*.bench.tar")
    return Measured(done.stdout.splitlines(), bundle)


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("no number for file.huge,", "memory"),
        ("no number for file.leaving,", "ended before it had a result"),
        ("no number for file.printing,", "the worker printed more than 16 MiB"),
        ("no number for file.in_float64,", "torch.get_default_dtype changed from torch.float32 to torch.float64"),
        ("no number for file.in_bfloat16,", "torch.backends.mkldnn.matmul.fp32_precision changed from ieee to bf16"),
        ("no number for file.flushing,", "a thread of this worker flushes them to zero"),
        ("no number for file.with_a_thread_more,", "threads, but torch has "),
        ("no number for file.with_half_the_time,", "samples lie outside of the "),
        ("refused file.top_huge,", "its rows could not be read: out of memory"),
        ("refused file.top_printing,", "its rows could not be read: the worker printed more than 16 MiB"),
    ],
)
def test_what_is_hostile_is_one_line(measured: Measured, start: str, problem: str) -> None:
    (line,) = [line for line in measured.lines if line.startswith(start)]
    assert problem in line


def test_one_that_never_ends_is_ended(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS, encoding="utf-8")
    options = ("--suite", write_suite(tmp_path), "--workload", "./endless.py", "--timeout", "3s", "--wide")
    done = bench(*options, cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert any("file.endless," in line and "no result within 3 s" in line for line in done.stdout.splitlines())


def test_the_example_of_the_readme_is_measured_and_its_code_is_sealed(measured: Measured) -> None:
    contents = verify_bundle(measured.bundle).contents
    (summary,) = contents.summary.cells
    case = next(cell.case for cell in contents.plan.cells if cell.id == summary.cell)
    assert case.workload == "file.two_layers"
    assert case.source is not None
    assert contents.source_files[case.source] == read_example().encode()
    shown = bench("show", str(measured.bundle), "--source")
    assert f"\n{read_example()}\n" in shown.stdout


def test_code_of_a_bundle_is_run_only_where_the_user_says_so(measured: Measured, tmp_path: Path) -> None:
    refused = bench("reproduce", str(measured.bundle), cwd=tmp_path)
    assert refused.returncode == 2
    assert "read it first (bench show --source), then run it with --run-code-from-bundle" in refused.stderr
    assert not (tmp_path / "results").exists()
    # The command wants a bundle without noise, and would run what is hostile too: so one of its cells is run.
    contents = verify_bundle(measured.bundle).contents
    one = replace(contents.plan, cells=contents.plan.cells[:1], refused=())
    decision = Decision(
        machine=contents.machine,
        profile=contents.profile,
        plan=plan_again(one, contents.profile, contents.machine),
        sources=bring_again(contents, (), {}, run_code=True),
    )
    made, summary = run_plan(decision, tmp_path / "results", SigningKey.ephemeral(), report_progress=lambda _: None)
    assert len(summary.cells) == 1
    (cell,) = verify_bundle(made).contents.plan.cells
    assert cell.case == contents.plan.cells[0].case
