import re

import msgspec
import pytest

from bench.records.case import WorkloadFacts
from bench.records.reason import Reason, UnsupportedError
from bench.report import reasons_support
from bench.report.reasons import describe_error, describe_reason
from tests.builders import FACTS

READER: WorkloadFacts = msgspec.structs.replace(
    FACTS, name="reader", unsupported={"training": "it reads only", "fp16": "its sums outgrow float16"}
)


@pytest.fixture(autouse=True)
def _one_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workload of this test only, so that no row of the catalogue changes what it says."""
    monkeypatch.setattr(reasons_support, "WORKLOADS", {"reader": READER})


ROW_TEXTS = {
    "a mode": ("mode_not_offered", {"mode": "training"}, "reader: no training: it reads only"),
    "a precision": ("precision_not_offered", {"precision": "fp16"}, "reader: its sums outgrow float16"),
    "training in a precision": ("precision_does_not_train", {"precision": "bf16"}, "reader: .*; train in amp_bf16"),
    "training with a backend": (
        "backend_does_not_train",
        {"backend": "openvino"},
        "reader: openvino runs a forward pass, .*; train with eager or inductor",
    ),
    "a backend in a precision": (
        "precision_not_in_backend",
        {"precision": "bf16", "backend": "onnxruntime"},
        "reader: ONNX Runtime has no bf16 kernels for CPUs; use fp32",
    ),
    "a backend in a family": (
        "precision_not_in_backend",
        {"precision": "fp16", "backend": "onnxruntime", "family": "gnn"},
        "reader: .*ScatterElements.*; use fp32",
    ),
}
GENERAL = {
    "a mode": ("mode_not_offered", {"mode": "inference"}, "reader: inference is not supported"),
    "a precision": (
        "precision_not_offered",
        {"precision": "bf16", "offered": "fp32"},
        "reader: precision bf16 is not supported; supported: fp32",
    ),
    "a backend": (
        "backend_not_offered",
        {"backend": "openvino", "offered": "eager"},
        "reader: backend openvino is not supported; supported: eager",
    ),
    "an unknown precision": ("precision_does_not_train", {"precision": "fp4"}, "reader: models do not train in fp4"),
    "an unknown backend": (
        "backend_does_not_train",
        {"backend": "tensorrt"},
        "reader: backend tensorrt does not train",
    ),
    "what this bench supports": (
        "precision_not_in_backend",
        {"precision": "fp32", "backend": "onnxruntime"},
        "reader: backend onnxruntime does not support fp32",
    ),
    "what this bench supports in a family": (
        "precision_not_in_backend",
        {"precision": "fp32", "backend": "onnxruntime", "family": "cnn"},
        "reader: backend onnxruntime does not support fp32",
    ),
}


@pytest.mark.parametrize(("code", "values", "sentence"), ROW_TEXTS.values(), ids=ROW_TEXTS)
def test_a_row_says_in_its_own_words_what_it_does_not_support(code: str, values: dict[str, str], sentence: str) -> None:
    described = describe_reason(Reason(code=code, values={"workload": "reader", **values}))
    assert re.fullmatch(sentence, described)


@pytest.mark.parametrize(("code", "values", "sentence"), GENERAL.values(), ids=GENERAL)
def test_without_a_text_of_the_row_the_general_sentence_says_it(
    code: str, values: dict[str, str], sentence: str
) -> None:
    assert describe_reason(Reason(code=code, values={"workload": "reader", **values})) == sentence


@pytest.mark.parametrize("code", reasons_support.SENTENCES_SUPPORT)
def test_every_sentence_can_be_made_without_values(code: str) -> None:
    assert "{" not in describe_reason(Reason(code=code))


def test_a_workload_of_another_bench_gets_the_general_sentence() -> None:
    reason = Reason(code="mode_not_offered", values={"workload": "resnet9000", "mode": "training"})
    assert describe_reason(reason) == "resnet9000: training is not supported"


def test_an_error_is_printed_with_its_reasons_as_sentences() -> None:
    missing = Reason(code="avx2_missing", values={"workload": "reader", "cpu": "Old CPU"})
    error = UnsupportedError("none of the 2 cases asked for can be run", [missing])
    assert describe_error(error) == (
        "none of the 2 cases asked for can be run: reader needs AVX2, and this CPU (Old CPU) has none"
    )
    assert str(error) == "none of the 2 cases asked for can be run: avx2_missing cpu=Old CPU workload=reader"
