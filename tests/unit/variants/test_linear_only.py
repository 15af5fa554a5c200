"""Linear layers quantized by torchao: how many, in what, by which kernels; and a compiler that undoes it is caught."""

from collections.abc import Callable, Mapping
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.measure.accuracy import compare
from bench.records.case import Case, Precision
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.prepare import prepare
from bench.variants.quantization.linear_only import LinearOnly, count_weight_bytes
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import uniform_tensor
from bench.workloads.iterations import Inference
from bench.workloads.weights import fill_weights

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]
PRECISIONS: dict[Precision, tuple[int | None, str, str]] = {
    "int8_weight_only": (None, "int8", "aten::mm"),
    "int4_weight_only": (32, "uint8", "aten::_weight_int4pack_mm_for_cpu"),
    "int8_dynamic": (None, "int8", "aten::_int_mm"),
}
"""Precision → group size, packed type, and eager's kernel."""
FEATURES = 128


class Layers(nn.Module):
    """Two layers whose rows can be divided into groups of 32, and one whose rows cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(FEATURES, 96), nn.ReLU(), nn.Linear(96, 80), nn.Linear(80, 64))

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.layers(x)
        return output


def build(case: Case) -> Workload:
    model = Layers().to(weights_dtype(case.precision)).eval()
    fill = partial(fill_weights, model)
    fill()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
        return Inference(forward, inputs)

    inputs = {"x": uniform_tensor("x", (4, FEATURES))}
    return Workload(case=case, model=model, inputs=inputs, items_per_iteration=4, fill=fill, iterate=iterate)


def make(make_case: MakeCase, precision: Precision, **changes: str) -> Case:
    return make_case(precision=precision, group_size=PRECISIONS[precision][0], **changes)


def expected(make_case: MakeCase) -> list[Tensor]:
    case = make_case()
    return prepare(build(case), case).expected()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_evidence_has_layers_types_kernels_and_bytes(precision: Precision, make_case: MakeCase) -> None:
    _, packed, kernel = PRECISIONS[precision]
    case = make(make_case, precision)
    prepared = prepare(build(case), case)
    evidence = prepared.evidence()
    layers = 2 if precision == "int4_weight_only" else 3
    assert evidence["quantized_layers"] == f"{layers} of 3"
    assert f"{packed}:{layers}" in evidence["parameter_dtypes"].split()
    assert f"{kernel}:{3 if kernel == 'aten::mm' else layers}" in evidence["product_kernels"].split()
    assert int(evidence["weight_bytes_after"]) < int(evidence["weight_bytes_before"])
    assert compare(prepared.outputs(), expected(make_case), precision=precision, family="llm", mode="inference").passed


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize(
    ("precision", "kernel"), [("int8_weight_only", "_weight_int8pack_mm"), ("int4_weight_only", "int4")]
)
def test_inductor_reads_packed_weights_by_a_kernel_for_them(
    precision: Precision, kernel: str, make_case: MakeCase
) -> None:
    case = make(make_case, precision, backend="inductor_freezing")
    prepared = prepare(build(case), case)
    evidence = prepared.evidence()
    assert kernel in evidence["product_kernels"]
    assert int(evidence["weight_bytes_after"]) < int(evidence["weight_bytes_before"])
    assert evidence["recompiles"] == "0"


@pytest.mark.parametrize("constant_bytes", [0, 1], ids=["as many bytes as before", "more"])
def test_weights_that_a_compiler_folds_back_are_caught(constant_bytes: int, make_case: MakeCase) -> None:
    case = make(make_case, "int8_weight_only")
    workload = build(case)
    before = count_weight_bytes(workload.model)
    quantized = LinearOnly(workload.model, case)
    observation = Observation(constant_bytes=before + constant_bytes)
    with pytest.raises(NoEffectError, match=rf"int8_weight_only took no effect: 3 of 3 .*, {before} before"):
        quantized.evidence(lambda: None, observation)


def test_a_model_without_a_layer_that_can_is_caught(make_case: MakeCase) -> None:
    case = make_case(precision="int4_weight_only", group_size=128)
    quantized = LinearOnly(nn.Sequential(nn.Linear(96, 8)).to(torch.bfloat16), case)
    with pytest.raises(NoEffectError, match="0 of 1 linear layers are quantized"):
        quantized.evidence(lambda: None, Observation())


def test_a_layer_that_is_linear_under_another_name_is_quantized(make_case: MakeCase) -> None:
    from transformers.pytorch_utils import Conv1D

    layer = Conv1D(8, 64).to(torch.bfloat16)
    expected_output = layer(torch.ones(1, 64, dtype=torch.bfloat16))
    model = nn.Sequential(layer)
    quantized = LinearOnly(model, make_case(precision="int8_weight_only"))
    assert quantized.evidence(lambda: None, Observation())["quantized_layers"] == "1 of 1"
    torch.testing.assert_close(model(torch.ones(1, 64, dtype=torch.bfloat16)), expected_output, rtol=0.05, atol=0.02)
