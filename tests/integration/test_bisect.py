"""`bench bisect` over three interpreters with a planted slowdown: more work in the last one, measured by real workers."""

import json
import os
from pathlib import Path

import pytest
import torch

from bench.launch.torch_environment import make_environment
from tests.integration.tiny import bench, write_suite
from tests.pip_stand_in import plant_pip

pytestmark = [pytest.mark.torch, pytest.mark.slow]

WORK = """
from importlib.metadata import version

import torch
from torch import nn


class Work(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(192, 192)

    def forward(self, x):
        for _ in range(60 if version("torch") == "2.13.0" else 30):
            y = self.linear(x)
        return y


def work(batch_size=64):
    return Work(), torch.empty(batch_size, 192)
"""
"""Equal matrix products, twice as many of them with the release that is planted as slow."""


def test_the_interpreter_with_more_work_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_pip(monkeypatch, tmp_path, package=Path(torch.__file__).parent)
    environments = [str(tmp_path / release) for release in ("2.12.0", "2.12.1", "2.13.0")]
    for environment in environments:
        make_environment(Path(environment).name, Path(environment), parent=os.environ)
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")
    done = bench(
        "bisect", "--python", ",".join(environments), "--workload", f"{tmp_path}/work.py:work", "--repetitions", "6",
        "--suite", write_suite(tmp_path, layout="single_core", modes=["inference"], workload="basic_gnn_gcn"), "--openmp", "gnu", "--allocator", "system",
        "--output", str(tmp_path / "bundles"), "--json",
    )  # fmt: skip
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    end, *others = found["trials"]
    if end["verdict"] == "skipped":  # a busy host: no verdict, and none is claimed
        assert (done.returncode, end["reason"]["code"]) == (3, "trial_undecided")
        return
    assert found["first_bad"] == environments[2]
    assert end["cells"][0]["ratio"]["point"] > 1.2
    assert done.returncode == {"good": 1, "skipped": 3}[others[0]["verdict"]]
    bundles = [trial["bundle"] for trial in found["trials"]]
    assert bench("verify", *bundles).returncode == 0
