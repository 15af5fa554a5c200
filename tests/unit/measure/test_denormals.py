import subprocess
import sys

import pytest

pytestmark = pytest.mark.torch

BEGIN = """
import torch
from bench.measure.denormals import are_denormals_flushed, keep_denormals
torch.set_num_threads(2)
"""
FLUSH = "torch.set_flush_denormal(True)\n"
KEEP = "keep_denormals()\n"
COMPUTE = "print(are_denormals_flushed())\n"


@pytest.mark.parametrize(
    ("program", "found"),
    [
        pytest.param(KEEP + COMPUTE, ["False"], id="kept"),
        pytest.param(FLUSH + COMPUTE, ["True"], id="flushed"),
        pytest.param(COMPUTE + FLUSH + COMPUTE + KEEP + COMPUTE, ["False", "True", "False"], id="main thread, later"),
        pytest.param(FLUSH + COMPUTE + KEEP + COMPUTE, ["True", "True"], id="a pool that inherited it"),
    ],
)
def test_flushing_is_found_in_every_thread_that_computes(program: str, found: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, check=True, text=True)
    assert done.stdout.split() == found
