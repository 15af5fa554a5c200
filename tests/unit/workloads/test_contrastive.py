from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch

from bench.errors import UsageError
from bench.records.case import Case
from bench.workloads.contrastive import build_clip_vit_b_32

pytestmark = pytest.mark.torch


def test_every_image_is_compared_with_every_text(make_case: Callable[..., Case]) -> None:
    workload = build_clip_vit_b_32(make_case("clip_vit_b_32", batch_size=3))
    with torch.inference_mode():
        likeness = workload.model(**workload.inputs)
        other_images = workload.model(workload.inputs["input_ids"], workload.inputs["pixel_values"].flip(0))
        other_texts = workload.model(workload.inputs["input_ids"].flip(0), workload.inputs["pixel_values"])
    assert workload.inputs["input_ids"].shape == (3, 8)
    assert workload.inputs["pixel_values"].shape == (3, 3, 64, 64)
    assert workload.items_per_iteration == 3
    torch.testing.assert_close(other_images, likeness.flip(0))
    torch.testing.assert_close(other_texts, likeness.flip(1))
    assert (likeness - likeness.flip(0)).abs().max() > 0.1
    assert (likeness - likeness.flip(1)).abs().max() > 0.1


def test_a_text_ends_once_and_with_its_last_token(make_case: Callable[..., Case]) -> None:
    texts = build_clip_vit_b_32(make_case("clip_vit_b_32", batch_size=4)).inputs["input_ids"]
    assert (texts == 49_407).sum(dim=1).tolist() == [1] * 4
    assert texts[:, -1].tolist() == [49_407] * 4


def test_it_is_the_published_model_with_the_layers_and_positions_asked_for(make_case: Callable[..., Case]) -> None:
    workload = build_clip_vit_b_32(make_case("clip_vit_b_32"))
    text, vision, published = 3_152_384, 7_087_872, 151_277_313
    positions = (7 * 7 - 2 * 2) * 768
    assert (
        sum(parameter.numel() for parameter in workload.model.parameters())
        == published - 11 * (text + vision) - positions
    )


def test_the_loss_asks_for_each_images_text_and_for_each_texts_image(make_case: Callable[..., Case]) -> None:
    workload = build_clip_vit_b_32(make_case("clip_vit_b_32", mode="training", batch_size=3))
    texts, images = workload.inputs["input_ids"], workload.inputs["pixel_values"]
    with torch.no_grad():
        likeness = workload.model(texts, images)
    loss = workload.iterate(workload.model, workload.inputs, nullcontext).call()
    rows, columns = likeness.log_softmax(dim=1).diagonal(), likeness.log_softmax(dim=0).diagonal()
    assert workload.inputs["target"].tolist() == [0, 1, 2]
    assert loss.item() == pytest.approx(-(rows.mean() + columns.mean()).item() / 2, rel=1e-5)


def test_training_with_one_pair_is_refused(make_case: Callable[..., Case]) -> None:
    with pytest.raises(UsageError, match=r"clip_vit_b_32: .* the batch size is 1; use at least 2"):
        build_clip_vit_b_32(make_case("clip_vit_b_32", mode="training", batch_size=1))
