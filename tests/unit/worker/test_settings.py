"""What a model's code changes for the whole process is found, by name, with both values."""

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from bench.report.reasons import describe_reason
from bench.worker.settings import find_changed_setting, read_settings

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that the tests change is as before."""
    products, dtype, profile = torch.get_float32_matmul_precision(), torch.get_default_dtype(), sys.getprofile()
    monkeypatch.setattr(nn.Module, "__call__", nn.Module.__call__)
    monkeypatch.setattr(time, "perf_counter_ns", time.perf_counter_ns)
    monkeypatch.setenv("DNNL_DEFAULT_FPMATH_MODE", "STRICT")
    yield
    sys.setprofile(profile)
    torch.set_float32_matmul_precision(products)
    torch.set_default_dtype(dtype)
    torch.set_default_device(None)
    torch.set_autocast_enabled("cpu", enabled=False)
    torch.set_grad_enabled(True)


def replace_call() -> None:
    def __call__(self: nn.Module) -> None:  # noqa: N807 - the same name, another function
        """Compute nothing."""

    nn.Module.__call__ = __call__


def replace_clock() -> None:
    time.perf_counter_ns = lambda: 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda: torch.set_default_dtype(torch.float64),
            "torch.get_default_dtype changed from torch.float32 to torch.float64",
        ),
        (lambda: torch.set_default_device("meta"), "torch.get_default_device changed from cpu to meta"),
        (
            lambda: torch.set_float32_matmul_precision("medium"),
            "torch.backends.mkldnn.matmul.fp32_precision changed from ieee to bf16",
        ),
        (lambda: torch.set_autocast_enabled("cpu", enabled=True), "torch.autocast changed from off to torch.bfloat16"),
        (lambda: torch.set_grad_enabled(False), "torch.is_grad_enabled changed from True to False"),
        (
            lambda: os.environ.update(DNNL_DEFAULT_FPMATH_MODE="BF16"),
            "the variable DNNL_DEFAULT_FPMATH_MODE changed from STRICT to BF16",
        ),
        (
            lambda: os.environ.pop("DNNL_DEFAULT_FPMATH_MODE"),
            "the variable DNNL_DEFAULT_FPMATH_MODE changed from STRICT to not set",
        ),
        (replace_call, "torch.nn.Module.__call__ was replaced"),
        (replace_clock, "time.perf_counter_ns was replaced"),
        (lambda: sys.setprofile(lambda *_: None), "sys.setprofile was replaced"),
    ],
)
def test_a_setting_that_was_changed_is_found(change: Callable[[], object], sentence: str) -> None:
    before = read_settings()
    change()
    problem = find_changed_setting(before, read_settings())
    sys.setprofile(None)
    assert problem is not None
    assert sentence in describe_reason(problem)


def test_to_set_what_holds_anyway_changes_no_setting() -> None:
    before = read_settings()
    torch.set_float32_matmul_precision(torch.get_float32_matmul_precision())
    torch.set_default_device("cpu")
    assert find_changed_setting(before, read_settings()) is None


def test_computing_and_unrelated_variables_change_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_settings()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        nn.Linear(4, 4)(torch.ones(2, 4))
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    assert find_changed_setting(before, read_settings()) is None
