from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bench.errors import UsageError
from bench.records.case import Case, WorkloadFacts
from bench.report.reasons_support import SENTENCES_SUPPORT
from bench.workloads import validity
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_FORMAT, EVERY_PRECISION, LINEAR_ONLY
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
            unsupported={"training": "it reads only", "fp16": "its sums outgrow float16"},
            precisions=("fp32", "bf16"),
            backends=("eager",),
            shape={"layers": 12, "tokens": 512},
            bounds={"layers": (1, 12), "tokens": (1, 512)},
            smoke_shape={"layers": 1, "tokens": 16},
        ),
        _facts(
            name="writer",
            family="llm",
            precisions=(*EVERY_PRECISION, *LINEAR_ONLY),
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
DECODE = {"phase": "decode"}
INT4 = {"precision": "int4_weight_only"}

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
    "decode with int4 weights": ("writer", DECODE | INT4 | {"group_size": 32, "backend": "inductor_freezing"}),
    "prefill in an engine that quantizes": (
        "writer",
        {"phase": "prefill", "precision": "int8_weight_only", "backend": "openvino"},
    ),
    "training on a graph": ("graph", TRAINING),
    "least image": ("net", {"shape": {"image_size": 64}}),
    "greatest image": ("net", {"shape": {"image_size": 1024}}),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str, dict[str, str]]] = {
    "mode": ("reader", TRAINING, "mode_not_offered", {"mode": "training"}),
    "phase missing": ("writer", {}, "phase_not_offered", {"phase": "none", "offered": "prefill, decode"}),
    "phase where there is none": ("net", {"phase": "decode"}, "no_phases", {"phase": "decode"}),
    "precision": ("reader", {"precision": "fp16"}, "precision_not_offered", {"offered": "fp32, bf16"}),
    "training in bf16": ("net", TRAINING | {"precision": "bf16"}, "precision_does_not_train", {"precision": "bf16"}),
    "training in fp16": ("net", TRAINING | {"precision": "fp16"}, "precision_does_not_train", {}),
    "training in int8 by fx": ("net", TRAINING | FX, "precision_does_not_train", {}),
    "training in int8 by export": ("net", TRAINING | PT2E, "precision_does_not_train", {}),
    "int8 without an engine": ("net", {"precision": "fx_int8"}, "quant_engine_missing", {"precision": "fx_int8"}),
    "int4 without a group size": ("writer", DECODE | INT4, "group_size_missing", {"precision": "int4_weight_only"}),
    "a group size for nothing": ("net", {"group_size": 32}, "group_size_unused", {"group_size": "32"}),
    "quantized weights in a traced program": (
        "writer",
        DECODE | {"precision": "int8_weight_only", "backend": "torchscript"},
        "precision_not_in_backend",
        {"precision": "int8_weight_only", "backend": "torchscript"},
    ),
    "an engine for nothing": ("net", {"quant_engine": "x86"}, "quant_engine_unused", {"quant_engine": "x86"}),
    "fp16 sums over neighbours": (
        "graph",
        {"precision": "fp16", "backend": "onnxruntime"},
        "precision_not_in_backend",
        {"precision": "fp16", "backend": "onnxruntime", "family": "gnn"},
    ),
    "memory format": (
        "reader",
        {"memory_format": "channels_last"},
        "memory_format_not_offered",
        {"memory_format": "channels_last", "offered": "contiguous"},
    ),
    "an engine that lays out": (
        "net",
        {"memory_format": "channels_last", "backend": "openvino"},
        "backend_lays_out_itself",
        {"backend": "openvino"},
    ),
    "backend": ("reader", {"backend": "openvino"}, "backend_not_offered", {"backend": "openvino", "offered": "eager"}),
    "batch size": ("graph", {"batch_size": 2}, "batch_size_fixed", {"batch_size": "2", "fixed": "1"}),
    "unknown dimension": (
        "net",
        {"shape": {"image_size": 224, "layers": 3}},
        "dimension_unknown",
        {"dimension": "layers", "known": "image_size"},
    ),
    "missing dimension": ("reader", {"shape": {"layers": 1}}, "dimension_missing", {"dimension": "tokens"}),
    "too small": ("net", {"shape": {"image_size": 63}}, "dimension_out_of_bounds", {"value": "63", "least": "64"}),
    "too large": (
        "reader",
        {"shape": {"layers": 13, "tokens": 1}},
        "dimension_out_of_bounds",
        {"value": "13", "greatest": "12"},
    ),
} | {
    f"{name} with {backend}": ("net", changes | {"backend": backend}, code, {"backend": backend})
    for name, changes, code, backends in (
        (
            "fx",
            FX,
            "precision_not_in_backend",
            ("inductor", "inductor_freezing", "inductor_max_autotune", "aot_inductor", "onnxruntime", "openvino"),
        ),
        ("export", PT2E, "precision_not_in_backend", ("eager", "torchscript", "inductor", "onnxruntime", "openvino")),
        (
            "training",
            TRAINING,
            "backend_does_not_train",
            ("torchscript", "inductor_freezing", "inductor_max_autotune", "aot_inductor", "onnxruntime", "openvino"),
        ),
    )
    for backend in backends
}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> MakeCase:
    """Cases of workloads that exist in this test only, so that no row of the catalogue changes what it says."""
    monkeypatch.setattr(validity, "find_workload", lambda name, _: FACTS[name])

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


@pytest.mark.parametrize(("name", "changes", "code", "values"), REFUSED.values(), ids=REFUSED)
def test_an_unsupported_case_is_refused_with_a_code_and_its_values(
    name: str, changes: dict[str, Any], code: str, values: dict[str, str], make: MakeCase
) -> None:
    reason = why_not(make(name, **changes))
    assert reason is not None
    assert reason.code == code
    assert reason.values.items() >= ({"workload": name} | values).items()
    assert code in SENTENCES_SUPPORT


def test_an_unknown_backend_is_a_usage_error(make: MakeCase) -> None:
    with pytest.raises(UsageError, match="no backend 'tensorrt'"):
        why_not(make("net", backend="tensorrt"))


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
