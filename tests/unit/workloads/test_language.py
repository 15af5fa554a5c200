from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.language import build_gpt2, build_llama_1b

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def test_gpt2_is_gpt2_small_with_the_layers_asked_for(make_case: MakeCase) -> None:
    workload = build_gpt2(make_case("gpt2", phase="prefill", batch_size=2))
    rest, layer = 39_385_344, 7_087_872  # of 124,439,808 parameters in all
    assert sum(each.numel() for each in workload.model.parameters()) == rest + layer
    assert workload.items_per_iteration == 2 * 8


def test_llama_has_the_dimensions_of_tinyllama_and_is_built_in_bfloat16(make_case: MakeCase) -> None:
    workload = build_llama_1b(make_case("llama_1b", phase="decode", precision="bf16", batch_size=2))
    rest, layer = 131_074_048, 44_044_288  # of 1,100,048,384 parameters in all
    assert sum(each.numel() for each in workload.model.parameters()) == rest + layer
    assert {each.dtype for each in workload.model.parameters()} == {torch.bfloat16}
    assert {each.dtype for each in workload.model.buffers()} == {torch.float32}
    assert workload.inputs["prompt"].shape == (2, 8)
    assert workload.inputs["tokens"].shape == (2, 4)
    assert workload.items_per_iteration == 2


def test_the_phases_share_their_prompt(make_case: MakeCase) -> None:
    prefill = build_gpt2(make_case("gpt2", phase="prefill"))
    decode = build_gpt2(make_case("gpt2", phase="decode", shape={"layers": 1, "prompt_tokens": 8, "output_tokens": 2}))
    assert set(prefill.inputs) == {"prompt"}
    assert torch.equal(prefill.inputs["prompt"], decode.inputs["prompt"])
