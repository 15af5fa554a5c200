from collections.abc import Callable

import pytest
import torch
from torch.nn.functional import cosine_similarity

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.registry import WORKLOADS, find_workload, load_builder

pytestmark = pytest.mark.torch

PUBLISHED = {  # parameters of one layer of the encoder and one of the decoder, and of the whole model as published
    "t5_small": (7_342_592, 60_506_624),
    "t5_base": (16_518_912, 222_903_552),
    "bart_base": (16_539_648, 139_420_416),
}


def build(case: Case) -> Workload:
    return load_builder(find_workload(case.workload))(case)


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_is_the_published_model_with_the_layers_asked_for(name: str, make_case: Callable[..., Case]) -> None:
    layer, published = PUBLISHED[name]
    workload = build(make_case(name))
    left_out = WORKLOADS[name].shape["layers"] - 1
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == published - layer * left_out


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_pass_of_the_decoder_predicts_every_target_token(name: str, make_case: Callable[..., Case]) -> None:
    workload = build(make_case(name, mode="training", batch_size=3))
    source, given = workload.inputs["input_ids"], workload.inputs["decoder_input_ids"]
    with torch.inference_mode():
        first, second = (workload.model(source, given) for _ in range(2))
    assert source.shape == (3, 16)
    assert first.shape[:2] == given.shape == workload.inputs["target"].shape == (3, 8)
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_decoder_reads_the_source_and_only_what_comes_before(name: str, make_case: Callable[..., Case]) -> None:
    workload = build(make_case(name))
    source, given = workload.inputs["input_ids"], workload.inputs["decoder_input_ids"]
    later = given.clone()
    later[:, 5:] = 7
    with torch.inference_mode():
        logits = workload.model(source, given)
        other_source = workload.model(source.flip(0, 1), given)
        other_target = workload.model(source, later)
    torch.testing.assert_close(other_target[:, :5], logits[:, :5])
    assert not torch.allclose(other_target[:, 5:], logits[:, 5:], atol=0.1)
    assert not torch.allclose(other_source, logits, atol=0.02)


@pytest.mark.parametrize("name", ["t5_small", "bart_base"])
def test_positions_stay_apart_through_the_whole_depth(name: str, make_case: Callable[..., Case]) -> None:
    depth = {"layers": WORKLOADS[name].shape["layers"]}
    workload = build(make_case(name, shape=WORKLOADS[name].smoke_shape | depth))
    with torch.inference_mode():
        logits = workload.model(**workload.inputs)[0]
    assert cosine_similarity(logits[:-1], logits[1:], dim=-1).max() < 0.9
