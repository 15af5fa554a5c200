import msgspec
import pytest

from bench.records.case import Precision
from bench.records.measurement import Probe, ProbeResult
from bench.stats.roofline import least_time
from tests.builders import make_probe, make_proof

PROOF = msgspec.structs.replace(make_proof(), flops=1_000_000_000, traffic_bytes=1)
RATES = {"fp32": 1e9, "bf16": 2e9, "fp16": 1e6, "int8": 4e9}


def probe(rates: dict[str, float]) -> Probe:
    result = ProbeResult(flops_per_s=rates, bandwidth_bytes_per_s=1e9)
    return msgspec.structs.replace(make_probe(), instances=(result,))


@pytest.mark.parametrize(
    ("precision", "seconds"),
    [("fp32", 1.0), ("amp_bf16", 0.5), ("fp16", 1.0), ("amp_fp16", 1.0), ("fx_int8", 0.25), ("pt2e_int8", 0.25)],
    ids=["fp32's own", "bf16's own", "fp16 without units", "the same by autocast", "int8's own", "the same by export"],
)
def test_the_fastest_product_that_kernels_may_use_bounds_a_precision(precision: Precision, seconds: float) -> None:
    assert least_time(PROOF, precision, [probe(RATES)]) == pytest.approx((seconds, "compute"))


def test_int8_is_bounded_by_the_others_where_torch_has_no_product_of_it() -> None:
    assert least_time(PROOF, "fx_int8", [probe({"fp32": 1e9})]) == pytest.approx((1.0, "compute"))
