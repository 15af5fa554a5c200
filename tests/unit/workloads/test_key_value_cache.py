from collections.abc import Callable

import pytest
import torch
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config

from bench.records.case import Case
from bench.workloads.key_value_cache import make_cache

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("fp32", torch.float32),
        ("bf16", torch.bfloat16),
        ("amp_bf16", torch.bfloat16),
        ("fp16", torch.float16),
        ("amp_fp16", torch.float16),
        ("pt2e_int8", torch.float32),
    ],
)
def test_the_cache_has_the_data_type_of_attention(make_case: MakeCase, precision: str, dtype: torch.dtype) -> None:
    cache = make_cache(GPT2Config(n_layer=2), make_case("gpt2", precision=precision, batch_size=3), positions=7)
    assert [layer.keys.dtype for layer in cache.layers] == [dtype, dtype]
    assert cache.layers[0].keys.shape == (3, 12, 7, 64)


def test_heads_may_be_fewer_and_wider_than_the_hidden_size_says(make_case: MakeCase) -> None:
    config = Qwen3Config(num_hidden_layers=1, hidden_size=64, num_attention_heads=4, num_key_value_heads=2, head_dim=32)
    cache = make_cache(config, make_case("qwen3_0_6b"), positions=5)
    assert cache.layers[0].values.shape == (1, 2, 5, 32)


def test_keys_that_arrive_in_another_type_are_cast_as_they_are_written(make_case: MakeCase) -> None:
    cache = make_cache(GPT2Config(n_layer=1), make_case("gpt2", precision="amp_bf16"), positions=4)
    keys, values = torch.rand(1, 12, 2, 64), torch.rand(1, 12, 2, 64).bfloat16()
    held, _ = cache.layers[0].update(keys, values)
    assert torch.equal(held[:, :, :2], keys.bfloat16())
    assert not held[:, :, 2:].any()
