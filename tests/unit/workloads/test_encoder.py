from collections.abc import Callable

import pytest
import torch
from torch.nn.functional import cosine_similarity

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.registry import WORKLOADS, find_workload, load_builder

pytestmark = pytest.mark.torch

PUBLISHED = {  # parameters of one layer, and of the whole model as published with its head
    "bert_base": (7_087_872, 109_514_298),
    "bert_large": (12_596_224, 335_174_458),
    "distilbert": (7_087_872, 66_985_530),
    "roberta_base": (7_087_872, 124_697_433),
    "albert_base": (0, 11_221_680),  # one layer's weights serve for all
    "electra_base": (7_087_872, 109_483_009),
    "deberta_v3_base": (7_087_872, 184_551_780),
}


def build(case: Case) -> Workload:
    return load_builder(find_workload(case.workload))(case)


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_is_the_published_model_with_the_layers_asked_for(name: str, make_case: Callable[..., Case]) -> None:
    layer, published = PUBLISHED[name]
    case = make_case(name)
    workload = build(case)
    left_out = WORKLOADS[name].shape["layers"] - case.shape["layers"]
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == published - layer * left_out


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_puts_out_logits_for_every_token_and_nothing_random(name: str, make_case: Callable[..., Case]) -> None:
    workload = build(make_case(name, mode="training", batch_size=3))
    target = workload.inputs["target"]
    with torch.inference_mode():
        first, second = (workload.model(workload.inputs["input_ids"]) for _ in range(2))
    assert workload.model.training
    assert workload.items_per_iteration == 3
    assert first.shape[:2] == workload.inputs["input_ids"].shape == target.shape == (3, 16)
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", ["bert_base", "distilbert", "albert_base", "deberta_v3_base"])
def test_positions_stay_apart_through_the_whole_depth(name: str, make_case: Callable[..., Case]) -> None:
    depth = {"layers": WORKLOADS[name].shape["layers"]}
    workload = build(make_case(name, shape=WORKLOADS[name].smoke_shape | depth))
    with torch.inference_mode():
        logits = workload.model(**workload.inputs)[0]
    likeness = cosine_similarity(logits[:-1], logits[1:], dim=-1)
    assert likeness.max() < 0.97


def test_the_discriminator_has_one_logit_per_token(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("electra_base", mode="training", batch_size=2))
    assert set(workload.inputs["target"].unique().tolist()) == {0, 1}
    with torch.inference_mode():
        assert workload.model(workload.inputs["input_ids"]).shape == (2, 16)


@pytest.mark.parametrize(("name", "attention"), [("bert_base", "sdpa"), ("deberta_v3_base", "eager")])
def test_attention_is_torchs_own_where_the_model_can_use_it(
    name: str, attention: str, make_case: Callable[..., Case]
) -> None:
    assert build(make_case(name)).model.model.config._attn_implementation == attention  # type: ignore[union-attr]
