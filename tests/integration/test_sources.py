"""Models of the user's own, from the command line to the sealed bundle; hostile ones too."""

import shutil
from pathlib import Path

import pytest

from bench.bundle.seal import SigningKey
from bench.hardware.detect import detect
from bench.run.reproduce import prepare_reproduction
from bench.run.session import run_plan
from bench.run.sources import bring_again
from bench.verification.verify import verify_bundle
from tests.documents.commands import read_example
from tests.integration.tiny import bench, write_suite

pytestmark = pytest.mark.torch

HOSTILE = """
import os, torch
from torch import nn

def endless(batch_size=1):
    while True:
        pass

def huge(batch_size=1):
    return nn.Identity(), [torch.empty(batch_size, 1 << 30) for _ in range(40)]

def leaving(batch_size=1):
    os._exit(0)

def printing(batch_size=1):
    while True:
        print("spam " * 1000)

def good(batch_size=1):
    return nn.Linear(4, 4), torch.empty(batch_size, 4)
"""
TOP_LEVEL = "while True:\n    print('spam ' * 1000)\n"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of README, measured as it is typed but for the suite; the folder has the bundle in results/."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "my_models.py").write_text(read_example(), encoding="utf-8")
    suite = write_suite(folder)
    done = bench("--suite", suite, "--workload", "./my_models.py", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "file.two_layers" in done.stdout
    return folder


def test_the_example_of_the_readme_is_measured_and_its_code_is_sealed(measured: Path) -> None:
    (bundle,) = (measured / "results").glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    (cell,) = contents.plan.cells
    assert contents.source_files == {cell.case.source: read_example().encode()}
    shown = bench("show", str(bundle), "--source")
    assert shown.stdout.endswith(f"\n{read_example()}\n")


def test_code_of_a_bundle_is_run_only_where_the_user_says_so(measured: Path, tmp_path: Path) -> None:
    (original,) = (measured / "results").glob("*.bench.tar")
    bundle = Path(shutil.copy(original, tmp_path / "theirs.bench.tar"))
    refused = bench("reproduce", str(bundle), cwd=tmp_path)
    assert refused.returncode == 2
    assert "read it first (bench show --source), then run it with --run-code-from-bundle" in refused.stderr
    assert not (tmp_path / "results").exists()
    verification = verify_bundle(bundle)
    located = bring_again(verification.contents, (), {}, run_code=True)
    decision = prepare_reproduction(verification, detect(), sources=located)  # the command wants a bundle without noise
    made, summary = run_plan(decision, tmp_path / "results", SigningKey.ephemeral(), report_progress=lambda _: None)
    contents = verify_bundle(made).contents
    assert contents.plan == verification.contents.plan
    assert contents.source_files == verification.contents.source_files
    assert len(summary.cells) == 1


def test_each_hostile_function_is_one_line_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE, encoding="utf-8")
    suite = write_suite(tmp_path)
    done = bench("--suite", suite, "--workload", "./hostile.py", "--timeout", "20s", "--wide", cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    lines = {line.split(",")[0]: line for line in done.stdout.splitlines() if line.startswith("no number for file.")}
    assert "no result within 20 s" in lines["no number for file.endless"]
    assert "memory" in lines["no number for file.huge"]
    assert "ended before it had a result" in lines["no number for file.leaving"]
    assert "the worker printed more than 16 MiB" in lines["no number for file.printing"]
    assert len(lines) == 4
    (bundle,) = (tmp_path / "results").glob("*.bench.tar")
    assert len(verify_bundle(bundle).contents.summary.cells) == 1


def test_a_file_that_does_not_come_to_its_end_is_refused_and_the_others_are_measured(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(TOP_LEVEL, encoding="utf-8")
    (tmp_path / "my_models.py").write_text(read_example(), encoding="utf-8")
    suite = write_suite(tmp_path)
    done = bench("--suite", suite, "--workload", "./endless.py,./my_models.py", cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    refused = [line for line in done.stdout.splitlines() if line.startswith("refused file.endless")]
    assert len(refused) == 1
    assert "its rows could not be read: the worker printed more than 16 MiB" in refused[0]
    (bundle,) = (tmp_path / "results").glob("*.bench.tar")
    assert len(verify_bundle(bundle).contents.summary.cells) == 1
