import pytest

from bench.measure import probe
from bench.measure.probe import measure_probe
from bench.records.peak import Peak, ProbeRequest
from bench.records.reason import Reason

pytestmark = pytest.mark.torch

LOOP = Peak(precision="fp32", method="instructions", name="avx512_fp32", operations_per_s=5e11)
KERNEL = Peak(precision="fp32", method="kernel", name="mm", operations_per_s=2e11)
UNKNOWN = Reason(code="compiler_failed", values={"loop": "amx_fp16"})
REFUSED = Reason(code="instruction_loop_refused", values={"loop": "amx_bf16"})


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "measure_loops", lambda _libraries, _threads: [LOOP, REFUSED])
    monkeypatch.setattr(probe, "measure_kernels", lambda _kernels: [KERNEL])
    monkeypatch.setattr(probe, "measure_product", lambda: 2e11)


def test_all_peaks_are_measured_when_they_are_asked_for() -> None:
    result = measure_probe(ProbeRequest(array_bytes=1 << 20, cache_bytes=4096, peaks=True, missing=(UNKNOWN,)), 1)
    assert result.peaks == (LOOP, KERNEL)
    assert result.missing == (UNKNOWN, REFUSED)
    assert result.read_bytes_per_s is not None
    assert (result.array_bytes, result.cache_bytes) == (1 << 20, 4096)


def test_a_probe_for_drift_measures_no_peak() -> None:
    result = measure_probe(ProbeRequest(array_bytes=1 << 20, cache_bytes=None, peaks=False), 1)
    assert (result.peaks, result.missing, result.read_bytes_per_s) == ((), (), None)
    assert result.product_flops_per_s == 2e11
    assert result.triad_bytes_per_s > 0
