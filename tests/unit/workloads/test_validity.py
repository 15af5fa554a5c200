import re
from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import UsageError
from bench.records.case import Case
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

MakeCase = Callable[..., Case]

VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "inference": ("resnet50", {}),
    "training": ("resnet50", {"mode": "training"}),
    "training in amp": ("resnet50", {"mode": "training", "precision": "amp_bf16", "memory_format": "channels_last"}),
    "compiled": ("resnet50", {"backend": "inductor_freezing", "precision": "bf16"}),
    "prefill": ("llama_1b", {"phase": "prefill", "precision": "bf16"}),
    "decode": ("llama_1b", {"phase": "decode", "precision": "fp32"}),
    "training on a graph": ("basic_gnn_gcn", {"mode": "training"}),
    "least image": ("resnet50", {"shape": {"image_size": 64}}),
    "greatest image": ("resnet50", {"shape": {"image_size": 1024}}),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "mode": ("gpt2", {"mode": "training"}, "gpt2: no training: not offered yet: .* gradients are checked"),
    "phase missing": ("gpt2", {}, "inference is measured in phases: prefill, not None"),
    "phase not offered": ("gpt2", {"phase": "decode"}, "in phases: prefill, not decode"),
    "phase where there is none": ("resnet50", {"phase": "decode"}, "inference has no phase decode"),
    "precision": ("llama_1b", {"phase": "decode", "precision": "amp_bf16"}, "amp_bf16 is not offered; bf16, fp32 are"),
    "training in bf16": ("resnet50", {"mode": "training", "precision": "bf16"}, "train in amp_bf16"),
    "memory format": ("bert_base", {"memory_format": "channels_last"}, "is for convolutions, and it has none"),
    "training frozen": ("resnet50", {"mode": "training", "backend": "inductor_freezing"}, "training changes them"),
    "batch size": ("basic_gnn_gcn", {"batch_size": 2}, "the batch size is fixed at 1, not 2"),
    "unknown dimension": (
        "resnet50",
        {"shape": {"image_size": 224, "layers": 3}},
        "no dimension 'layers'; it has image_size",
    ),
    "missing dimension": ("bert_base", {"shape": {"layers": 1}}, "dimension 'tokens' is missing; a case says all of"),
    "too small": ("resnet50", {"shape": {"image_size": 63}}, "image_size=63 is outside 64 to 1024"),
    "too large": ("bert_base", {"shape": {"layers": 13, "tokens": 1}}, "layers=13 is outside 1 to 12"),
}


@pytest.mark.parametrize(("name", "changes"), VALID.values(), ids=VALID)
def test_a_valid_case_has_no_reason_against_it(name: str, changes: dict[str, Any], make_case: MakeCase) -> None:
    assert why_not(make_case(name, **changes)) is None


@pytest.mark.parametrize(("name", "changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_case_is_refused_with_the_reason(
    name: str, changes: dict[str, Any], reason: str, make_case: MakeCase
) -> None:
    said = why_not(make_case(name, **changes)) or ""
    assert said.startswith(f"{name}: ")
    assert re.search(reason, said) is not None


def test_an_unknown_workload_is_a_usage_error(make_case: MakeCase) -> None:
    with pytest.raises(UsageError, match="no workload 'resnet51'"):
        why_not(make_case("resnet51"))


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("size", ["shape", "smoke_shape"])
def test_both_sizes_are_within_the_bounds_of_every_dimension(name: str, size: str) -> None:
    facts = WORKLOADS[name]
    shape: dict[str, int] = getattr(facts, size)
    assert set(facts.bounds) == set(shape)
    assert all(least <= shape[key] <= greatest for key, (least, greatest) in facts.bounds.items())
