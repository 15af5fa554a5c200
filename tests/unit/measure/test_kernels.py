from collections.abc import Callable

import pytest
import torch

from bench.measure import kernels
from bench.measure.kernels import (
    AIM_NS,
    KERNELS,
    LEAST_NS,
    SIZES,
    TRIAL_OPERATIONS,
    Prepared,
    measure_kernels,
    measure_rate,
)
from bench.records.peak import Peak

pytestmark = pytest.mark.torch


def scripted(monkeypatch: pytest.MonkeyPatch, duration_ns: Callable[[int], float]) -> tuple[kernels.Prepare, list[int]]:
    """A kernel that takes a scripted time for some operations, and the list of those that were asked for."""
    asked: list[int] = []

    def prepare(operations: int) -> Prepared:
        asked.append(operations)
        return Prepared(lambda: duration_ns(operations), operations)

    monkeypatch.setattr(kernels, "find_best_ns", lambda call, _rounds: call())
    return prepare, asked


def test_a_kernel_is_measured_at_a_size_that_takes_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, asked = scripted(monkeypatch, lambda operations: operations / 100)
    assert measure_rate(prepare) == pytest.approx(1e11)
    assert asked == [TRIAL_OPERATIONS, pytest.approx(AIM_NS * 100, rel=0.01)]


def test_starting_threads_does_not_count_on_many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, asked = scripted(monkeypatch, lambda operations: 30_000 + operations / 50_000)
    assert measure_rate(prepare) == pytest.approx(5e13, rel=0.01)
    assert asked[-1] / 50_000 > LEAST_NS * 0.9
    assert len(asked) <= SIZES + 1


def test_a_slow_kernel_is_measured_at_the_size_of_its_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, asked = scripted(monkeypatch, lambda operations: operations * 1.0)
    assert measure_rate(prepare) == pytest.approx(1e9)
    assert asked == [TRIAL_OPERATIONS]


@pytest.mark.parametrize("error", [AttributeError("no such operator"), RuntimeError("not built with oneDNN")])
def test_a_kernel_that_torch_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    prepare, _ = scripted(monkeypatch, lambda operations: operations / 100)

    def lack(_operations: int) -> Prepared:
        raise error

    peaks = list(measure_kernels({("fp32", "mm"): prepare, ("int8", "mm"): lack}))
    assert peaks == [
        Peak(precision="fp32", method="kernel", name="mm", operations_per_s=pytest.approx(1e11)),
    ]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("name", ["mm", "packed_linear", "convolution_1x1", "convolution_3x3"])
def test_the_kernels_are_right_and_count_what_they_do(precision: str, name: str) -> None:
    with torch.inference_mode():
        try:
            call, operations = KERNELS[precision, name](1)  # type: ignore[index] # a literal of its table
            out = call()
        except RuntimeError as error:
            pytest.skip(f"torch has no such kernel here: {error}")
    assert isinstance(out, torch.Tensor)
    terms = operations // (2 * out.numel())
    product = 9 if precision == "int8" else 0.25
    scale = 1e-4 if precision == "int8" and "convolution" in name else 1.0
    middle = out.float().flatten() if out.ndim == 2 else out.float()[0, 0, 0, 0]
    assert middle.flatten()[0].item() == pytest.approx(terms * product * scale, abs=0.5, rel=0.01)
