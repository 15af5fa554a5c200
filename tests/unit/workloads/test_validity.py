import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bench.errors import UsageError
from bench.records.case import Case, WorkloadFacts
from bench.workloads import validity
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_BACKEND, EVERY_FORMAT, EVERY_PRECISION
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

MakeCase = Callable[..., Case]

_facts = partial(
    WorkloadFacts,
    target="nowhere:build",
    summary="a workload of this test",
    source="a test",
    precisions=EVERY_PRECISION,
    memory_formats=CONTIGUOUS,
    backends=EVERY_BACKEND,
    unit="items",
)
FACTS = {
    facts.name: facts
    for facts in (
        _facts(
            name="net",
            family="cnn",
            memory_formats=EVERY_FORMAT,
            batch_size={"inference": 8, "training": 8},
            shape={"image_size": 224},
            bounds={"image_size": (64, 1024)},
            smoke_shape={"image_size": 64},
        ),
        _facts(
            name="reader",
            family="transformer",
            batch_size={"inference": 1},
            refused={"training": "it reads only", "fp16": "its sums outgrow float16"},
            precisions=("fp32", "bf16"),
            backends=("eager",),
            shape={"layers": 12, "tokens": 512},
            bounds={"layers": (1, 12), "tokens": (1, 512)},
            smoke_shape={"layers": 1, "tokens": 16},
        ),
        _facts(
            name="writer",
            family="llm",
            phases=("prefill", "decode"),
            batch_size={"inference": 1, "training": 1},
            shape={"layers": 2},
            bounds={"layers": (1, 2)},
            smoke_shape={"layers": 1},
        ),
        _facts(
            name="graph",
            family="gnn",
            batch_size={"inference": 1, "training": 1},
            fixed_batch_size=True,
            shape={"nodes": 100},
            bounds={"nodes": (1, 1000)},
            smoke_shape={"nodes": 10},
        ),
    )
}
FX = {"precision": "fx_int8", "quant_engine": "x86"}
PT2E = {"precision": "pt2e_int8"}
TRAINING = {"mode": "training"}

VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "inference": ("net", {}),
    "training": ("net", TRAINING),
    "training in amp": ("net", TRAINING | {"precision": "amp_bf16", "memory_format": "channels_last"}),
    "training in amp_fp16": ("net", TRAINING | {"precision": "amp_fp16"}),
    "training compiled": ("net", TRAINING | {"backend": "inductor"}),
    "compiled": ("net", {"backend": "inductor_freezing", "precision": "bf16"}),
    "fp16": ("net", {"precision": "fp16"}),
    "int8 by fx": ("net", FX),
    "int8 by fx, traced": ("net", FX | {"backend": "torchscript"}),
    "int8 by export": ("net", PT2E | {"backend": "inductor_freezing"}),
    "int8 by export, tuned": ("net", PT2E | {"backend": "inductor_max_autotune"}),
    "int8 by export, packaged": ("net", PT2E | {"backend": "aot_inductor"}),
    "prefill": ("writer", {"phase": "prefill", "precision": "bf16"}),
    "decode in int8": ("writer", {"phase": "decode", **FX}),
    "training on a graph": ("graph", TRAINING),
    "least image": ("net", {"shape": {"image_size": 64}}),
    "greatest image": ("net", {"shape": {"image_size": 1024}}),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "mode": ("reader", TRAINING, "no training: it reads only"),
    "phase missing": ("writer", {}, "inference is measured in phases: prefill, decode, not None"),
    "phase where there is none": ("net", {"phase": "decode"}, "inference has no phase decode"),
    "precision": ("reader", {"precision": "amp_bf16"}, "amp_bf16 is not offered; fp32, bf16 are"),
    "precision with a reason": ("reader", {"precision": "fp16"}, "its sums outgrow float16"),
    "training in bf16": ("net", TRAINING | {"precision": "bf16"}, "train in amp_bf16"),
    "training in fp16": ("net", TRAINING | {"precision": "fp16"}, "train in amp_fp16"),
    "training in int8 by fx": ("net", TRAINING | FX, "rounding has no gradient"),
    "training in int8 by export": ("net", TRAINING | PT2E, "rounding has no gradient"),
    "int8 without an engine": ("net", {"precision": "fx_int8"}, "needs a quantization engine; .* --quant-engine"),
    "an engine for nothing": ("net", {"quant_engine": "x86"}, "engine x86 is for fx_int8, not for fp32"),
    "int8 of a cache by export": ("writer", {"phase": "decode", **PT2E}, "StaticCache of transformers.; use fx_int8"),
    "fp16 sums over neighbours": (
        "graph",
        {"precision": "fp16", "backend": "onnxruntime"},
        "ScatterElements.*use fp32",
    ),
    "memory format": (
        "reader",
        {"memory_format": "channels_last"},
        "memory format channels_last is not offered; contiguous is",
    ),
    "backend": ("reader", {"backend": "openvino"}, "backend openvino is not offered; eager are"),
    "batch size": ("graph", {"batch_size": 2}, "the batch size is fixed at 1, not 2"),
    "unknown dimension": ("net", {"shape": {"image_size": 224, "layers": 3}}, "no dimension 'layers'; it has image"),
    "missing dimension": ("reader", {"shape": {"layers": 1}}, "dimension 'tokens' is missing; a case says all of"),
    "too small": ("net", {"shape": {"image_size": 63}}, "image_size=63 is outside 64 to 1024"),
    "too large": ("reader", {"shape": {"layers": 13, "tokens": 1}}, "layers=13 is outside 1 to 12"),
} | {
    f"{name} with {backend}": ("net", changes | {"backend": backend}, reason)
    for name, changes, backends, reason in (
        ("fx", FX, ("inductor", "inductor_freezing", "inductor_max_autotune"), "objects of torch that Inductor cannot"),
        ("fx", FX, ("aot_inductor", "onnxruntime"), "packs its weights into objects of torch"),
        ("fx", FX, ("openvino",), "misses torch's result by more than int8 costs"),
        ("export", PT2E, ("eager", "torchscript"), "multiplies in fp32 until Inductor makes int8 kernels of it"),
        ("export", PT2E, ("inductor",), "needs weights that are constants"),
        ("export", PT2E, ("onnxruntime", "openvino"), "use inductor_freezing or aot_inductor"),
        (
            "training",
            TRAINING,
            ("torchscript", "inductor_freezing", "inductor_max_autotune", "aot_inductor", "onnxruntime", "openvino"),
            "train with eager or inductor",
        ),
    )
    for backend in backends
}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> MakeCase:
    """Cases of workloads that exist in this test only, so that no row of the catalogue changes what it says."""
    monkeypatch.setattr(validity, "find_workload", FACTS.__getitem__)

    def make(workload: str, **changes: Any) -> Case:
        fields: dict[str, Any] = {
            "workload": workload,
            "mode": "inference",
            "phase": None,
            "precision": "fp32",
            "memory_format": "contiguous",
            "backend": "eager",
            "batch_size": 1,
            "shape": FACTS[workload].smoke_shape,
        }
        return Case(**fields | changes)

    return make


@pytest.mark.parametrize(("name", "changes"), VALID.values(), ids=VALID)
def test_a_valid_case_has_no_reason_against_it(name: str, changes: dict[str, Any], make: MakeCase) -> None:
    assert why_not(make(name, **changes)) is None


@pytest.mark.parametrize(("name", "changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_case_is_refused_with_the_reason(
    name: str, changes: dict[str, Any], reason: str, make: MakeCase
) -> None:
    said = why_not(make(name, **changes)) or ""
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
