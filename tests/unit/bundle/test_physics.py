from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.bundle.physics import limit_operations
from bench.records.peak import PeakPrecision
from tests.builders import make_machine

CPU = make_machine().cpu
ZEN_5 = ("avx2", "avx512_bf16", "avx512_vnni", "avx512bw", "avx512f", "fma")
SAPPHIRE_RAPIDS = (*ZEN_5, "amx_bf16", "amx_int8", "amx_tile", "avx512_fp16")
NEOVERSE_V1 = ("asimd", "asimddp", "asimdhp", "bf16", "i8mm", "sve", "svebf16")


@pytest.mark.parametrize(
    ("isa", "precision", "measured"),
    [
        pytest.param(ZEN_5, "fp32", 540e9, id="Zen 5, fp32"),
        pytest.param(ZEN_5, "bf16", 1078e9, id="Zen 5, bf16"),
        pytest.param(ZEN_5, "int8", 2160e9, id="Zen 5, int8"),
        pytest.param(SAPPHIRE_RAPIDS, "bf16", 2289e9, id="tiles, bf16"),
        pytest.param(SAPPHIRE_RAPIDS, "fp16", 2255e9, id="tiles, fp16, for which the kernel shows no flag"),
        pytest.param(SAPPHIRE_RAPIDS, "int8", 4454e9, id="tiles, int8"),
        pytest.param(NEOVERSE_V1, "fp32", 160e9, id="Neoverse V1 at 2.6 GHz, by its data sheet"),
        pytest.param(NEOVERSE_V1, "int8", 1300e9, id="the same, int8"),
    ],
)
def test_what_was_measured_is_possible(isa: Sequence[str], precision: PeakPrecision, measured: float) -> None:
    assert measured < limit_operations(replace(CPU, isa=tuple(isa)), [precision], 2)


def test_units_that_a_cpu_has_not_allow_nothing() -> None:
    assert limit_operations(replace(CPU, isa=ZEN_5), ["bf16"], 2) == 2 * 128 * 6.5e9
    assert limit_operations(replace(CPU, isa=SAPPHIRE_RAPIDS), ["bf16"], 2) == 2 * 1024 * 6.5e9


def test_a_precision_without_units_may_be_computed_in_fp32() -> None:
    assert limit_operations(replace(CPU, isa=("avx512f",)), ["fp16"], 1) == 64 * 6.5e9


def test_a_cpu_without_shown_flags_may_have_all_units() -> None:
    assert limit_operations(replace(CPU, isa=()), ["bf16"], 2) == 2 * 2048 * 6.5e9
