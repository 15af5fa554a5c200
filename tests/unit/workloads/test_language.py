from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.language import build_gpt2, build_llama_1b, shifted_loss
from bench.workloads.registry import WORKLOADS, load_builder

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("name", "embedding", "layer", "published"),
    [
        ("gpt2", 768, 7_087_872, 124_439_808),
        ("gpt2_large", 1280, 19_677_440, 774_030_080),
        ("llama_1b", 2 * 2048, 44_044_288, 1_100_048_384),
        ("qwen3_0_6b", 1024, 15_730_944, 596_049_920),
    ],
)
def test_dimensions_are_the_published_ones(
    make_case: MakeCase, name: str, embedding: int, layer: int, published: int
) -> None:
    """With one layer and a small vocabulary, and what those leave out added again."""
    facts = WORKLOADS[name]
    workload = load_builder(facts)(make_case(name, phase="prefill"))
    left_out = facts.shape["vocabulary"] - facts.smoke_shape["vocabulary"]
    layers = facts.shape["layers"] - facts.smoke_shape["layers"]
    held = sum(parameter.numel() for parameter in workload.model.parameters())
    assert held + left_out * embedding + layers * layer == published


def test_llama_is_built_in_bfloat16_and_its_frequencies_are_not(make_case: MakeCase) -> None:
    workload = build_llama_1b(make_case("llama_1b", phase="decode", precision="bf16", batch_size=2))
    assert {parameter.dtype for parameter in workload.model.parameters()} == {torch.bfloat16}
    assert {buffer.dtype for buffer in workload.model.buffers()} == {torch.float32}
    assert workload.inputs["prompt"].shape == (2, 8)
    assert workload.inputs["tokens"].shape == (2, 4)
    assert workload.items_per_iteration == 2


def test_the_phases_share_their_prompt(make_case: MakeCase) -> None:
    prefill = build_gpt2(make_case("gpt2", phase="prefill", batch_size=2))
    decode = build_gpt2(make_case("gpt2", phase="decode", batch_size=2))
    assert set(prefill.inputs) == {"prompt"}
    assert torch.equal(prefill.inputs["prompt"], decode.inputs["prompt"])
    assert prefill.items_per_iteration == 2 * 8


def test_training_reads_sequences_as_long_as_prompt_and_output_and_predicts_each_next_token(
    make_case: MakeCase,
) -> None:
    workload = build_gpt2(make_case("gpt2", mode="training", batch_size=2))
    tokens, target = workload.inputs["input_ids"], workload.inputs["target"]
    assert tokens.shape == (2, 8 + 4)
    assert torch.equal(target, tokens[:, 1:])
    assert workload.items_per_iteration == tokens.numel()
    assert workload.model.training


def test_nothing_is_dropped_out_in_training(make_case: MakeCase) -> None:
    workload = build_gpt2(make_case("gpt2", mode="training"))
    first, second = (workload.model(input_ids=workload.inputs["input_ids"]) for _ in range(2))
    assert torch.equal(first, second)


def test_the_loss_is_that_of_transformers_for_shifted_labels(make_case: MakeCase) -> None:
    workload = build_gpt2(make_case("gpt2", mode="training", batch_size=2))
    tokens = workload.inputs["input_ids"]
    ours = shifted_loss(workload.model(input_ids=tokens), workload.inputs["target"])
    theirs = workload.model.model(input_ids=tokens, labels=tokens).loss  # type: ignore[operator] # a module
    torch.testing.assert_close(ours, theirs)
