from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import nn

from bench.records.case import Case, Precision
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.precision import ambient_autocast, cast_inputs, check_precision, step_autocast

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def observe(*dtypes: torch.dtype) -> Observation:
    return Observation(dtypes=Counter(dtypes))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_values_are_cast_and_integers_are_not(precision: Precision, dtype: torch.dtype) -> None:
    cast = cast_inputs({"x": torch.zeros(2), "tokens": torch.zeros(2, dtype=torch.int64)}, precision)
    assert {name: tensor.dtype for name, tensor in cast.items()} == {"x": dtype, "tokens": torch.int64}


@pytest.mark.parametrize("precision", ["fp32", "amp_bf16", "amp_fp16", "fx_int8", "pt2e_int8"])
def test_other_precisions_take_inputs_as_they_are(precision: str) -> None:
    inputs = {"x": torch.zeros(2)}
    assert cast_inputs(inputs, precision)["x"] is inputs["x"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "ambient", "step"),
    [
        ({"precision": "amp_bf16"}, True, False),
        ({"precision": "amp_bf16", "mode": "training"}, False, True),
        ({"precision": "amp_fp16"}, True, False),
        ({"precision": "amp_fp16", "mode": "training"}, False, True),
        ({"precision": "fx_int8"}, False, False),
        ({"precision": "fp32"}, False, False),
        ({"precision": "bf16"}, False, False),
    ],
    ids=["amp inference", "amp training", "fp16 amp inference", "fp16 amp training", "int8", "fp32", "bf16"],
)
def test_autocast_is_on_where_it_belongs(
    changes: dict[str, str], ambient: bool, step: bool, make_case: MakeCase
) -> None:
    case = make_case(**changes)
    with ambient_autocast(case):
        assert torch.is_autocast_enabled("cpu") is ambient
    with step_autocast(case)():
        assert torch.is_autocast_enabled("cpu") is step


@pytest.mark.parametrize(("precision", "dtype"), [("amp_bf16", torch.bfloat16), ("amp_fp16", torch.float16)])
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_autocast_is_to_the_precision_asked_for(
    mode: str, precision: str, dtype: torch.dtype, make_case: MakeCase
) -> None:
    case = make_case(mode=mode, precision=precision)
    with ambient_autocast(case), step_autocast(case)():
        assert nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == dtype


def test_fp32_is_fp32_even_within_somebody_elses_autocast(make_case: MakeCase) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16), ambient_autocast(make_case()):
        assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("precision", "held", "seen"),
    [
        ("fp32", torch.float32, (torch.float32,)),
        ("bf16", torch.bfloat16, (torch.bfloat16, torch.float32)),
        ("amp_bf16", torch.float32, (torch.bfloat16, torch.float32)),
        ("fp16", torch.float16, (torch.float16, torch.float32)),
        ("amp_fp16", torch.float32, (torch.float16, torch.float32)),
    ],
)
def test_evidence_says_what_took_effect(
    precision: str, held: torch.dtype, seen: tuple[torch.dtype, ...], make_case: MakeCase
) -> None:
    evidence = check_precision(make_case(precision=precision), nn.Linear(2, 2, dtype=held), observe(*seen))
    assert evidence["parameter_dtypes"] == f"{held}:2".removeprefix("torch.")


@pytest.mark.parametrize(
    ("precision", "held", "seen", "message"),
    [
        ("bf16", torch.float32, torch.bfloat16, "bf16 holds weights as torch.bfloat16, but they are float32:2"),
        ("amp_bf16", torch.bfloat16, torch.bfloat16, "amp_bf16 holds weights as torch.float32"),
        ("amp_bf16", torch.float32, torch.float32, "took no effect: no result was in low precision, saw float32:1"),
        ("bf16", torch.bfloat16, torch.float32, "took no effect"),
        ("fp32", torch.float32, torch.bfloat16, "fp32 has no results in low precision, but saw bfloat16:1"),
        ("fp16", torch.float16, torch.bfloat16, "fp16 took no effect"),
        ("amp_bf16", torch.float32, torch.float16, "amp_bf16 took no effect"),
        ("fx_int8", torch.float32, torch.quint8, "fx_int8 holds weights in int8, but they are float32:1"),
    ],
    ids=[
        "weights not cast",
        "weights cast",
        "autocast without effect",
        "cast without effect",
        "fp32 that is not",
        "bf16 in place of fp16",
        "fp16 in place of bf16",
        "int8 that is not",
    ],
)
def test_a_variant_without_effect_is_an_error(
    precision: str, held: torch.dtype, seen: torch.dtype, message: str, make_case: MakeCase
) -> None:
    with pytest.raises(NoEffectError, match=message):
        check_precision(make_case(precision=precision), nn.Linear(2, 2, dtype=held), observe(seen))
