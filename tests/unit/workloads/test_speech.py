from collections.abc import Callable

import pytest
import torch
from torch.nn.functional import cosine_similarity

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.registry import WORKLOADS, find_workload, load_builder

pytestmark = pytest.mark.torch


def build(case: Case) -> Workload:
    return load_builder(find_workload(case.workload))(case)


def test_whisper_is_the_published_model_with_the_layers_and_seconds_asked_for(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("whisper_base"))
    layer, published = 3_151_872 + 4_203_008, 72_593_920
    positions = (3000 - 100) // 2 * 512
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == published - 5 * layer - positions


def test_wav2vec_is_the_published_model_with_the_layers_asked_for(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("wav2vec2_base"))
    masked, layer, published = 768, 7_087_872, 94_396_320  # what takes the place of masked frames is not there
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == published - 11 * layer - masked


def test_whisper_reads_a_hundred_frames_a_second(make_case: Callable[..., Case]) -> None:
    shape = {"layers": 1, "seconds": 2, "target_tokens": 5}
    workload = build(make_case("whisper_base", mode="training", batch_size=2, shape=shape))
    spectrum, given = workload.inputs["input_features"], workload.inputs["decoder_input_ids"]
    with torch.inference_mode():
        first, second = (workload.model(spectrum, given) for _ in range(2))
    assert spectrum.shape == (2, 80, 200)
    assert first.shape == (2, 5, 51_865)
    assert workload.inputs["target"].shape == given.shape
    assert torch.equal(first, second)


def test_whispers_table_of_positions_is_not_trained_and_not_made_of_sines(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("whisper_base", mode="training"))
    positions = workload.model.get_parameter("model.model.encoder.embed_positions.weight")
    assert positions.shape == (50, 512)
    assert not positions.requires_grad
    assert positions[0, 256:].unique().numel() > 1  # the cosine of position 0 is 1 everywhere


def test_wav2vec_spells_in_frames_of_a_fiftieth_of_a_second(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("wav2vec2_base", mode="training", batch_size=2))
    sound, letters = workload.inputs["input_values"], workload.inputs["target"]
    with torch.inference_mode():
        first, second = (workload.model(sound) for _ in range(2))
    assert sound.shape == (2, 16_000)
    assert first.shape == (2, 49, 32)
    assert letters.shape == (2, 12)
    assert letters.min() > 0  # the blank is never spelt
    assert letters.max() < 32
    assert torch.equal(first, second)


def test_wav2vecs_convolution_over_positions_keeps_the_size_of_what_it_reads(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("wav2vec2_base"))
    convolution = workload.model.get_submodule("model.wav2vec2.encoder.pos_conv_embed.conv")
    sizes = []
    convolution.register_forward_hook(lambda _, given, out: sizes.append((given[0].std().item(), out.std().item())))
    with torch.inference_mode():
        workload.model(**workload.inputs)
    [(before, after)] = sizes
    # Half of the 128 taps reach beyond a second of 49 frames.
    assert 0.3 < after / before < 1.2


@pytest.mark.parametrize("name", ["whisper_base", "wav2vec2_base"])
def test_positions_stay_apart_through_the_whole_depth(name: str, make_case: Callable[..., Case]) -> None:
    depth = {"layers": WORKLOADS[name].shape["layers"]}
    workload = build(make_case(name, shape=WORKLOADS[name].smoke_shape | depth))
    with torch.inference_mode():
        logits = workload.model(**workload.inputs)[0]
    assert cosine_similarity(logits[:-1], logits[1:], dim=-1).max() < 0.97


@pytest.mark.parametrize("name", ["whisper_base", "wav2vec2_base"])
def test_another_sound_is_another_output(name: str, make_case: Callable[..., Case]) -> None:
    workload = build(make_case(name))
    sound, *given = workload.inputs.values()
    with torch.inference_mode():
        one, other = workload.model(sound, *given), workload.model(sound.flip(-1), *given)
    assert not torch.allclose(one, other, atol=0.02)
