from functools import partial

import pytest
import torch
from transformers.cache_utils import StaticCache
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from bench.workloads.construction import construct
from bench.workloads.generation import Decode, LanguageModel, Prefill
from bench.workloads.inputs import integer_tensor
from bench.workloads.weights import fill_weights

pytestmark = pytest.mark.torch

PROMPT, OUTPUT, BATCH = 7, 5, 2
CONFIG = LlamaConfig(
    vocab_size=50,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)
INPUTS = {
    "prompt": integer_tensor("prompt", (BATCH, PROMPT), below=50),
    "tokens": integer_tensor("tokens", (BATCH, OUTPUT), below=50),
}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    made = LanguageModel(construct(partial(LlamaForCausalLM, CONFIG), torch.float32)).eval()
    fill_weights(made)
    return made


@pytest.fixture(scope="module")
def logits(model: LanguageModel) -> torch.Tensor:
    """Of prompt and output in one pass, without any cache."""
    with torch.inference_mode():
        tokens = torch.cat([INPUTS["prompt"], INPUTS["tokens"]], dim=1)
        whole: torch.Tensor = model(input_ids=tokens)
        return whole


@pytest.fixture
def cache() -> StaticCache:
    made = StaticCache(config=CONFIG, max_cache_len=PROMPT + OUTPUT)
    made.early_initialization(BATCH, 2, 8, torch.float32, torch.device("cpu"))
    return made


def test_prefill_gives_the_logits_of_the_last_position(
    model: LanguageModel, logits: torch.Tensor, cache: StaticCache
) -> None:
    with torch.inference_mode():
        [output] = Prefill(model, INPUTS, cache=cache).outputs()
    torch.testing.assert_close(output, logits[:, PROMPT - 1 : PROMPT])


def test_every_prefill_begins_with_an_empty_cache(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Prefill(model, INPUTS, cache=cache)
        first, second = iteration.call(), iteration.call()
    assert torch.equal(first, second)


def test_decoding_through_the_cache_equals_one_pass_without_it(
    model: LanguageModel, logits: torch.Tensor, cache: StaticCache
) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
        outputs, expected = iteration.outputs(), iteration.expected()
    torch.testing.assert_close(torch.cat(outputs, dim=1), logits[:, PROMPT:])
    torch.testing.assert_close(torch.cat(expected, dim=1), logits[:, PROMPT:])
    assert [tensor.shape for tensor in outputs] == [tensor.shape for tensor in expected]


def test_decoding_wraps_round_to_the_end_of_the_prompt(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
        first = [iteration.call()[0] for _ in range(iteration.cycle)]
        second = [iteration.call()[0] for _ in range(iteration.cycle)]
    assert iteration.cycle == OUTPUT
    assert all(torch.equal(actual, wanted) for actual, wanted in zip(first, second, strict=True))


def test_reset_in_mid_cycle_begins_it_again(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
        first = iteration.call()[0]
        iteration.call()
        iteration.reset()
        assert torch.equal(iteration.call()[0], first)


def test_decoding_chooses_the_most_likely_token_of_each_sequence(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        generated_tokens, tokens = Decode(model, model, INPUTS, cache=cache).call()
    assert tokens.tolist() == generated_tokens[:, -1].argmax(dim=-1).tolist()
    assert len(tokens) == BATCH


def test_the_state_counts_the_positions_that_hold_something(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
    layers, tensors, heads, width, bytes_each = 2, 2, 2, 8, 4
    positions = PROMPT + (OUTPUT + 1) / 2
    assert iteration.state_bytes == layers * tensors * BATCH * heads * width * bytes_each * positions


def test_a_greedy_decode_feeds_the_most_likely_token(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        generated_tokens = Decode(model, model, INPUTS, cache=cache).generated_tokens()
        logits = model(input_ids=torch.cat([INPUTS["prompt"], generated_tokens], dim=1))[:, PROMPT:]
    assert torch.equal(generated_tokens[:, :1], INPUTS["tokens"][:, :1])
    assert torch.equal(generated_tokens[:, 1:], logits.argmax(dim=-1)[:, :-1])


def test_logits_after_generated_tokens_equal_one_pass_without_a_cache(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
        generated_tokens = iteration.generated_tokens()
        followed, expected = iteration.next_logits(generated_tokens), iteration.expected_next_logits(generated_tokens)
    torch.testing.assert_close(torch.cat(followed, dim=1), torch.cat(expected, dim=1))
    assert len(followed) == OUTPUT


def test_following_leaves_the_timed_cycle_as_it_was(model: LanguageModel, cache: StaticCache) -> None:
    with torch.inference_mode():
        iteration = Decode(model, model, INPUTS, cache=cache)
        before = iteration.outputs()
        iteration.next_logits(iteration.generated_tokens())
        assert all(map(torch.equal, iteration.outputs(), before))
