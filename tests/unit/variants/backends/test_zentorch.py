"""zentorch runs its own operators, says how many, and leaves Inductor as it was."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from torch._inductor import config
from torch._inductor.compile_fx import compile_fx

from bench.backends.registry import why_not_on_cpu
from bench.hardware.detect import detect
from bench.interface.workload import Workload
from bench.measure.accuracy import compare
from bench.records.case import Case
from bench.variants.errors import NoEffectError
from bench.variants.prepare import prepare
from tests.builders import CASE

REFUSED = why_not_on_cpu(replace(CASE, backend="zentorch"), detect().cpu)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.usefixtures("fresh_compiler"),
    pytest.mark.skipif(REFUSED is not None, reason="zentorch needs an AMD CPU with AVX-512, and bench refuses others"),
]

MakeCase = Callable[..., Case]
Build = Callable[[Case], Workload]


@pytest.mark.parametrize("precision", ["fp32", "amp_bf16"])
def test_operators_are_counted_and_outputs_are_those_of_another_module(
    precision: str, make_case: MakeCase, build: Build
) -> None:
    case, reference = make_case(backend="zentorch", precision=precision), make_case()
    before = config.joint_custom_post_pass
    prepared = prepare(build(case), case)
    evidence = prepared.evidence()
    assert int(evidence["zentorch_operators"]) >= 1
    assert evidence["zentorch_kernels"].startswith("zentorch_linear")
    assert int(evidence["frozen_weights"]) > 0
    assert config.joint_custom_post_pass is before
    expected = prepare(build(reference), reference).expected()
    assert compare(prepared.outputs(), expected, precision=case.precision, family="cnn", mode="inference").passed


def test_a_plug_in_that_replaces_nothing_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.variants.backends.zentorch.zentorch.zentorch_compile", compile_fx)
    case = make_case(backend="zentorch")
    prepared = prepare(build(case), case)
    with pytest.raises(NoEffectError, match="zentorch took no effect: it replaced no operator of the graph"):
        prepared.evidence()
