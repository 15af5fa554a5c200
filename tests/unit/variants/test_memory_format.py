from collections.abc import Callable

import pytest
import torch
from torch import nn

from bench.records.case import Case
from bench.variants.errors import NoEffectError
from bench.variants.memory_format import check_memory_format, convert_inputs, convert_model
from bench.variants.observation import Observation

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def test_channels_last_lays_out_filters_and_images_and_nothing_else() -> None:
    model = nn.Conv2d(3, 4, 3)
    convert_model(model, "channels_last")
    inputs = convert_inputs({"x": torch.zeros(1, 3, 5, 5), "target": torch.zeros(3)}, "channels_last")
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    assert not model.weight.is_contiguous()
    assert inputs["x"].is_contiguous(memory_format=torch.channels_last)
    assert inputs["target"].shape == (3,)


def test_contiguous_leaves_everything_as_it_is() -> None:
    model, image = nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 5, 5)
    convert_model(model, "contiguous")
    assert model.weight.is_contiguous()
    assert convert_inputs({"x": image}, "contiguous")["x"] is image


@pytest.mark.parametrize(
    ("memory_format", "channels_last", "maps"), [("channels_last", 5, 5), ("contiguous", 0, 5), ("contiguous", 5, 5)]
)
def test_evidence_says_what_took_effect(memory_format: str, channels_last: int, maps: int, make_case: MakeCase) -> None:
    observation = Observation(maps=maps, channels_last=channels_last)
    evidence = check_memory_format(make_case(memory_format=memory_format), nn.Conv2d(1, 1, 1), observation)
    assert evidence == {"channels_last_results": f"{channels_last}/{maps}"}


def test_a_model_without_convolutions_has_no_evidence(make_case: MakeCase) -> None:
    assert check_memory_format(make_case(), nn.Linear(1, 1), Observation(maps=3)) == {}


@pytest.mark.parametrize(("channels_last", "maps"), [(0, 5), (4, 5), (0, 0)], ids=["none", "not all", "none to see"])
def test_channels_last_without_effect_is_refused(channels_last: int, maps: int, make_case: MakeCase) -> None:
    with pytest.raises(NoEffectError, match=f"no effect: {channels_last}/{maps} results"):
        check_memory_format(
            make_case(memory_format="channels_last"),
            nn.Conv2d(1, 1, 1),
            Observation(maps=maps, channels_last=channels_last),
        )
