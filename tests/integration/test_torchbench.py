"""A checkout with TorchBench's interface, and a model file, from the command line to the sealed bundle."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.verification.verify import verify_bundle
from tests.integration.tiny import REPO, bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_models_that_load_are_measured_and_the_others_are_refused_by_name(tmp_path: Path) -> None:
    checkout = tmp_path / "benchmark"
    shutil.copytree(REPO / "tests/data/torchbench", checkout)
    (checkout / ".git").mkdir()
    (checkout / ".git/HEAD").write_text(f"{COMMIT}\n")
    before = sorted(path for path in checkout.rglob("*"))
    words = "torchbench/tiny_mlp,torchbench/needs_*"
    done = bench(
        *("--suite", write_suite(tmp_path), "--torchbench", "benchmark", "--workload", words),
        *("--mode", "inference,training", "--wide"),
        cwd=tmp_path,
    )
    assert done.returncode == 5, done.stdout + done.stderr
    refused = [line for line in done.stdout.splitlines() if line.startswith("refused ") and "inference" in line]
    assert len(refused) == 2
    assert "needs_download: its rows could not be read: it needs a download from 192.0.2.1" in refused[0]
    assert "needs_package: its rows could not be read: it needs the package package_that_nobody_has" in refused[1]
    (bundle,) = (tmp_path / "results").glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    assert len(contents.summary.cells) == 2
    assert {source.details.get("commit") for source in contents.plan.sources} == {COMMIT}
    assert sorted(path for path in checkout.rglob("*")) == before  # nothing is written into a checkout


def test_a_model_file_is_measured_as_it_was_saved(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)).eval()
    torch.export.save(torch.export.export(model, (torch.randn(8, 16),)), tmp_path / "model.pt2")
    done = bench(
        *("--suite", write_suite(tmp_path), "--workload", "model.pt2", "--precision", "fp32,bf16"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pt2.model: a model file is measured as it was saved" in done.stdout
    (bundle,) = (tmp_path / "results").glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    (cell,) = contents.plan.cells
    assert (cell.case.workload, cell.case.batch_size) == ("pt2.model", 8)
    proof = contents.measurements[0].proof
    assert proof is not None
    assert proof.evidence["expected_by"] == "the program's operators in eager, in its own precision"
