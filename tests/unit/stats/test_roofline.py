import pytest
from msgspec.structs import replace

from bench.records.case import Precision
from bench.records.measurement import Proof
from bench.records.peak import Peak, PeakPrecision
from bench.records.probe import Probe, ProbeResult
from bench.stats.roofline import find_peak_bandwidth, find_peak_compute, least_time
from tests.builders import make_probe, make_proof

PROOF = replace(make_proof(), flops=1_000_000_000_000, traffic_bytes=1)
READING = replace(PROOF, flops=1, traffic_bytes=100_000_000_000)


def kernel(precision: PeakPrecision, gflops: float, name: str = "mm") -> Peak:
    return Peak(precision=precision, method="kernel", name=name, operations_per_s=gflops * 1e9)


def loop(precision: PeakPrecision, gflops: float, name: str) -> Peak:
    return Peak(precision=precision, method="instructions", name=name, operations_per_s=gflops * 1e9)


def result(*peaks: Peak, triad: float = 82e9, read: float | None = 92e9, cache_bytes: int | None = None) -> ProbeResult:
    return replace(
        make_probe().instances[0],
        peaks=peaks,
        triad_bytes_per_s=triad,
        read_bytes_per_s=read,
        cache_bytes=cache_bytes,
    )


def probe(*results: ProbeResult) -> Probe:
    return replace(make_probe(), instances=results)


ZEN_5 = result(
    loop("fp32", 532, "avx512_fp32"),
    loop("bf16", 1064, "avx512_bf16"),
    loop("int8", 2110, "avx512_int8"),
    kernel("fp32", 216, "mm"),
    kernel("fp32", 527, "convolution_3x3"),
    kernel("bf16", 1060, "convolution_3x3"),
    kernel("fp16", 1, "mm"),
    kernel("int8", 2030, "convolution_3x3"),
)
"""Two cores of an AMD Zen 5, which has no units for fp16."""

SAPPHIRE_RAPIDS = result(
    kernel("fp32", 334), kernel("bf16", 2289), kernel("fp16", 2255), kernel("int8", 4336), triad=33.7e9, read=None
)
"""Two cores of an Intel Xeon with tile units, from the bundle in `results/reference`, which has kernels only."""


@pytest.mark.parametrize(
    ("results", "precision", "gflops", "name"),
    [
        pytest.param(ZEN_5, "fp32", 532, "avx512_fp32", id="instructions, and not the library that is slow here"),
        pytest.param(ZEN_5, "amp_bf16", 1064, "avx512_bf16", id="bf16's own units"),
        pytest.param(ZEN_5, "amp_fp16", 532, "avx512_fp32", id="fp16 without units is computed in fp32"),
        pytest.param(ZEN_5, "pt2e_int8", 2110, "avx512_int8", id="int8's own units"),
        pytest.param(SAPPHIRE_RAPIDS, "amp_fp16", 2255, "mm", id="the best kernel where no loop was compiled"),
        pytest.param(SAPPHIRE_RAPIDS, "fx_int8", 4336, "mm", id="tile units by their kernel"),
        pytest.param(result(kernel("fp32", 334)), "fx_int8", 334, "mm", id="int8 where torch has no product of it"),
        pytest.param(
            result(loop("fp32", 500, "neon_fp32"), kernel("fp32", 900)),
            "fp32",
            900,
            "mm",
            id="a kernel beyond the loop",
        ),
    ],
)
def test_the_fastest_of_what_kernels_may_use_is_the_peak(
    results: ProbeResult, precision: Precision, gflops: float, name: str
) -> None:
    peak = find_peak_compute([results], precision)
    assert peak is not None
    assert (peak.operations_per_s, peak.name) == (gflops * 1e9, name)


def test_a_probe_for_drift_only_has_no_peaks() -> None:
    drift = result(read=None)
    assert find_peak_compute([drift], "fp32") is None
    assert find_peak_bandwidth([drift]) is None
    assert least_time(PROOF, "fp32", [probe(drift)]) is None


def test_the_best_probe_of_a_run_counts() -> None:
    busy = result(loop("fp32", 266, "avx512_fp32"), triad=40e9, read=41e9)
    assert find_peak_compute([busy, ZEN_5], "fp32") == find_peak_compute([ZEN_5], "fp32")
    assert find_peak_bandwidth([busy, ZEN_5]) == 92e9


def test_the_faster_of_reading_and_triad_is_the_peak_of_memory() -> None:
    assert find_peak_bandwidth([result(triad=95e9)]) == 95e9


@pytest.mark.parametrize(
    ("proof", "seconds", "bound_by"),
    [
        pytest.param(PROOF, 1000 / 532, "compute", id="operations"),
        pytest.param(READING, 100 / 92, "memory", id="traffic, at the rate of reading"),
    ],
)
def test_the_slower_of_compute_and_memory_bounds(proof: Proof, seconds: float, bound_by: str) -> None:
    assert least_time(proof, "fp32", [probe(ZEN_5)]) == (pytest.approx(seconds), bound_by)


def test_memory_delivers_only_what_caches_cannot_hold() -> None:
    cached = probe(replace(ZEN_5, cache_bytes=8_000_000_000))
    assert least_time(READING, "fp32", [cached]) == (pytest.approx(1.0), "memory")
    resident = replace(READING, flops=0, traffic_bytes=1_000_000)
    assert least_time(resident, "fp32", [cached]) is None


def test_a_case_that_counts_nothing_has_no_least_time() -> None:
    assert least_time(replace(PROOF, flops=0, traffic_bytes=0), "fp32", [probe(ZEN_5)]) is None
