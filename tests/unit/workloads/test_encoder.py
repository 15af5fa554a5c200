from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.encoder import build_bert_base

pytestmark = pytest.mark.torch


def test_it_is_bert_base_with_the_layers_and_tokens_asked_for(make_case: Callable[..., Case]) -> None:
    workload = build_bert_base(make_case("bert_base", batch_size=3))
    rest, layer = 24_459_834, 7_087_872  # of 109,514,298 parameters in all
    assert sum(each.numel() for each in workload.model.parameters()) == rest + layer
    assert workload.inputs["input_ids"].shape == (3, 16)
    assert workload.items_per_iteration == 3


def test_there_is_no_dropout_and_the_head_predicts_every_token(make_case: Callable[..., Case]) -> None:
    workload = build_bert_base(make_case("bert_base"))
    with torch.inference_mode():
        first, second = (workload.model(**workload.inputs).logits for _ in range(2))
    assert first.shape == (1, 16, 30_522)
    assert torch.equal(first, second)
