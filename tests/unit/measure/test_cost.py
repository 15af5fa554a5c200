from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from bench.measure.cost import count_flops, count_traffic
from bench.records.case import Case
from bench.variants.observation import Observation
from bench.variants.quantization.linear_only import LinearOnly

pytestmark = pytest.mark.torch


def make_case(**changes: Any) -> Case:
    fields: dict[str, Any] = {
        "workload": "small",
        "mode": "inference",
        "phase": None,
        "precision": "fp32",
        "memory_format": "contiguous",
        "backend": "eager",
        "batch_size": 1,
        "shape": {},
    }
    return Case(**fields | changes)


def attend(query_heads: int, key_heads: int) -> Callable[[], object]:
    query, key = torch.ones(1, query_heads, 5, 8), torch.ones(1, key_heads, 7, 8)
    return lambda: scaled_dot_product_attention(query, key, key, enable_gqa=query_heads != key_heads)


@pytest.mark.parametrize(
    ("call", "flops"),
    [
        (lambda: torch.ones(3, 4) @ torch.ones(4, 5), 2 * 3 * 4 * 5),
        (lambda: nn.Conv2d(3, 8, 3, bias=False)(torch.ones(1, 3, 6, 6)), 2 * 8 * 3 * 3 * 3 * 4 * 4),
        (attend(4, 4), 2 * 2 * 4 * 5 * 7 * 8),
        (attend(4, 2), 2 * 2 * 4 * 5 * 7 * 8),
        (lambda: torch.ones(9) + 1, 0),
    ],
    ids=["matrix product", "convolution", "attention", "attention with shared heads", "element-wise"],
)
def test_operations_are_counted_two_for_a_multiply_add(call: Callable[[], object], flops: int) -> None:
    with torch.no_grad():
        assert count_flops(call) == flops


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta state")
def test_sparse_products_are_not_counted_and_their_dense_neighbours_are() -> None:
    sparse = torch.eye(6).to_sparse_csr()
    dense = torch.ones(6, 3)
    assert count_flops(lambda: torch.mm(sparse, dense)) == 0
    assert count_flops(lambda: torch.mm(dense.T, dense)) == 2 * 3 * 6 * 3


def test_tables_of_embedding_bags_are_left_to_the_state() -> None:
    model = nn.Sequential(nn.EmbeddingBag(1000, 4, mode="sum"))
    traffic = count_traffic(model, make_case(), inputs=[], outputs=[torch.zeros(1, 4)], state_bytes=32)
    assert traffic == 32 + 16


def test_the_backward_pass_counts_too() -> None:
    model = nn.Linear(4, 5, bias=False)
    x = torch.ones(3, 4, requires_grad=True)
    assert count_flops(lambda: model(x).sum().backward()) == 3 * 2 * 3 * 4 * 5


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(4, 8, 3, bias=False),
        nn.Conv2d(4, 8, 3, groups=4, bias=True),
        nn.Conv1d(4, 4, 3, groups=4, bias=False),
        nn.ConvTranspose2d(4, 8, 3, stride=2, groups=2, bias=False),
    ],
    ids=["plain", "grouped", "depthwise", "transposed"],
)
def test_each_gradient_of_a_convolution_counts_as_much_as_its_forward_pass(convolution: nn.Module) -> None:
    x = torch.ones(2, 4, *(6,) * (convolution.weight.ndim - 2), requires_grad=True)  # type: ignore[operator]
    with torch.no_grad():
        forward = count_flops(lambda: convolution(x))
    assert count_flops(lambda: convolution(x).sum().backward()) == 3 * forward


def test_counting_changes_no_result() -> None:
    x, weight = torch.randn(7, 16), torch.randn(16, 9)
    seen = []
    count_flops(lambda: seen.append(x @ weight))
    assert torch.equal(seen[0], x @ weight)


@pytest.mark.parametrize(
    ("changes", "dtype", "weights", "outputs"),
    [
        ({"precision": "fp32"}, torch.float32, 4 * (12 + 3), 4),
        ({"precision": "bf16"}, torch.bfloat16, 2 * (12 + 3), 2),
        ({"precision": "amp_bf16"}, torch.float32, 4 * (12 + 3), 2),
        ({"precision": "amp_bf16", "backend": "inductor_freezing"}, torch.float32, 2 * 12 + 4 * 3, 2),
        ({"precision": "amp_bf16", "backend": "aot_inductor"}, torch.float32, 2 * 12 + 4 * 3, 2),
        ({"precision": "amp_bf16", "mode": "training"}, torch.float32, 4 * (12 + 3), 4),
        ({"precision": "fp16"}, torch.float16, 2 * (12 + 3), 2),
        ({"precision": "amp_fp16", "backend": "torchscript"}, torch.float32, 2 * 12 + 4 * 3, 2),
        ({"precision": "fx_int8"}, torch.float32, 12 + 4 * 3, 4),
        ({"precision": "pt2e_int8", "backend": "inductor_freezing"}, torch.float32, 12 + 4 * 3, 4),
    ],
    ids=[
        "fp32",
        "bf16",
        "amp reads float32",
        "frozen amp reads bfloat16",
        "packaged amp reads bfloat16",
        "amp trains float32",
        "fp16",
        "frozen amp of fp16",
        "fx",
        "pt2e",
    ],
)
def test_weights_inputs_outputs_and_state_count_once_each(
    changes: dict[str, str], dtype: torch.dtype, weights: int, outputs: int
) -> None:
    traffic = count_traffic(
        nn.Linear(4, 3, dtype=dtype),
        make_case(**changes),
        inputs=[torch.zeros(2, 4)],
        outputs=[torch.zeros(2, 3)],
        state_bytes=1000,
    )
    assert traffic == weights + 2 * 4 * 4 + 2 * 3 * outputs + 1000


@pytest.mark.parametrize(
    ("changes", "matrix_bytes"),
    [
        ({"precision": "int8_weight_only"}, 64 * 64 + 64 * (4 + 1)),
        ({"precision": "int8_weight_only", "backend": "openvino"}, 64 * 64 + 64 * 2),
        ({"precision": "int8_dynamic"}, 64 * 64 + 64 * (4 + 1)),
        ({"precision": "int4_weight_only", "group_size": 32}, 64 * 64 // 2 + 64 * 2 * (2 + 2)),
        ({"precision": "int4_weight_only", "group_size": 32, "backend": "openvino"}, 64 * 64 // 2 + 64 * 2 * 2.5),
        ({"precision": "int4_weight_only", "group_size": 128, "backend": "openvino"}, 64 * 64 * 2),
    ],
    ids=[
        "int8, and a scale and a zero point for each row",
        "int8 of an engine",
        "int8, activations too",
        "int4, and a scale and a zero point of two bytes for each group",
        "int4 of an engine, whose zero points have four bits",
        "rows without a whole group are not compressed",
    ],
)
def test_quantized_linear_layers_count_as_they_are_packed(changes: dict[str, Any], matrix_bytes: float) -> None:
    case = make_case(**changes)
    model = nn.Sequential(nn.Linear(64, 64, dtype=torch.bfloat16))
    if case.backend == "eager":
        LinearOnly(model, case)
    traffic = count_traffic(model, case, inputs=[], outputs=[], state_bytes=0)
    assert traffic == matrix_bytes + 64 * 2


def test_a_layer_that_the_int4_kernel_does_not_take_is_left_and_counted() -> None:
    case = make_case(precision="int4_weight_only", group_size=32)
    model = nn.Sequential(nn.Linear(64, 64, dtype=torch.bfloat16), nn.Linear(64, 50, bias=False, dtype=torch.bfloat16))
    quantized = LinearOnly(model, case)
    x = torch.ones(1, 64, dtype=torch.bfloat16)
    assert quantized.evidence(lambda: model(x), Observation())["quantized_layers"] == "1 of 2"
    traffic = count_traffic(model, case, inputs=[], outputs=[], state_bytes=0)
    assert traffic == 64 * 64 // 2 + 64 * 2 * 4 + 64 * 2 + 64 * 50 * 2


@pytest.mark.parametrize(("tokens", "rows"), [(3, 3), (50, 10)], ids=["few tokens", "more tokens than rows"])
def test_of_an_embedding_only_the_rows_looked_up_count(tokens: int, rows: int) -> None:
    ids = torch.zeros(tokens, dtype=torch.int64)
    traffic = count_traffic(nn.Embedding(10, 4), make_case(), inputs=[ids], outputs=[], state_bytes=0)
    assert traffic == rows * 4 * 4 + tokens * 8


def test_an_embedding_that_is_also_multiplied_by_counts_completely_and_once() -> None:
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10, bias=False))
    model[1].weight = model[0].weight
    ids = torch.zeros(1, dtype=torch.int64)
    assert count_traffic(model, make_case(), inputs=[ids], outputs=[], state_bytes=0) == 10 * 4 * 4 + 8
