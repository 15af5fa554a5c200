"""TorchBench's models as workloads, by a stand-in with its interface."""

import os
import py_compile
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch

from bench.bundle.evidence import _check_precision
from bench.errors import BundleError
from bench.launch.failure import WorkerFailedError
from bench.records.case import Case
from bench.records.reason import UnsupportedError
from bench.records.source import LocatedSource
from bench.report.reasons import describe_reason
from bench.variants.prepare import prepare
from bench.worker.failure import explain_error
from bench.worker.prove import prove
from bench.workloads.digests import inputs_digest, weights_digest
from bench.workloads.sources.torchbench.model import build_from_checkout, survey_model

pytestmark = pytest.mark.torch

STAND_IN = Path(__file__).parents[4] / "data/torchbench"
Locate = Callable[[str], LocatedSource]


def make_case(workload: str, batch_size: int, **changes: str) -> Case:
    fields = {
        "workload": workload,
        "mode": "inference",
        "phase": None,
        "precision": "fp32",
        "memory_format": "contiguous",
        "backend": "eager",
        "shape": {},
    }
    return Case(**fields | changes, batch_size=batch_size)  # type: ignore[arg-type]


def survey(located: LocatedSource) -> LocatedSource:
    source = msgspec.structs.replace(located.source, workloads=survey_model(located))
    return msgspec.structs.replace(located, source=source)


def test_a_model_says_its_batch_sizes_and_whether_it_trains_in_stages(locate: Locate) -> None:
    (mlp,), (named,) = survey_model(locate("tiny_mlp")), survey_model(locate("Tiny_dict"))
    assert (mlp.name, mlp.batch_size, mlp.fixed_batch_size) == (
        "torchbench.tiny_mlp",
        {"inference": 8, "training": 4},
        False,
    )
    assert (named.name, named.batch_size, named.fixed_batch_size) == ("torchbench.tiny_dict", {"inference": 3}, True)
    assert mlp.parameters == 16 * 32 + 32 + 32 * 10 + 10


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("needs_package", "it needs the package package_that_nobody_has, which is not installed"),
        ("needs_download", "it needs a download from 192.0.2.1, and bench builds models without a network"),
        ("only_gpu", "it refuses: Model requires CUDA"),
    ],
)
def test_a_model_that_cannot_be_built_says_what_it_lacks(locate: Locate, model: str, sentence: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        survey_model(locate(model))
    assert describe_reason(explain_error(caught.value).cause) == sentence


def test_each_build_makes_the_same_weights_and_inputs(locate: Locate) -> None:
    located = locate("tiny_mlp")
    (facts,) = survey_model(located)
    case = make_case(facts.name, 5)
    first, second = (build_from_checkout(located, facts, case) for _ in range(2))
    assert weights_digest(first.model) == weights_digest(second.model)
    assert inputs_digest(first.inputs) == inputs_digest(second.inputs)
    assert [tuple(tensor.shape) for tensor in first.inputs.values()] == [(5, 16)]


def test_arguments_of_any_structure_reach_the_model(locate: Locate) -> None:
    located = locate("Tiny_dict")
    (facts,) = survey_model(located)
    workload = build_from_checkout(located, facts, make_case(facts.name, 3))
    assert sorted(workload.inputs) == ["pair.0", "pair.1", "tokens"]
    (logits,) = prepare(workload, workload.case).outputs()
    assert tuple(logits.shape) == (3, 5, 4)


def test_a_model_that_computes_gradients_in_inference_may(locate: Locate) -> None:
    located = locate("takes_gradients")
    (facts,) = survey_model(located)
    workload = build_from_checkout(located, facts, make_case(facts.name, 4))
    (result,) = prepare(workload, workload.case).outputs()
    assert tuple(result.shape) == (4, 1)


@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_training_goes_through_the_models_own_stages(locate: Locate, backend: str) -> None:
    located = locate("tiny_mlp")
    (facts,) = survey_model(located)
    case = make_case(facts.name, 4, mode="training")
    expected = prepare(build_from_checkout(located, facts, case), case).outputs()
    changed = make_case(facts.name, 4, mode="training", backend=backend)
    prepared = prepare(build_from_checkout(located, facts, changed), changed)
    with prepared.context():
        prepared.call()  # a step that is not compared
    assert len(expected) == 1 + 4
    for output, wanted in zip(prepared.outputs(), expected, strict=True):
        torch.testing.assert_close(output, wanted)
    assert set(prepared.time_stages(1)) == {"forward", "backward", "optimizer"}


def test_what_a_constructor_sets_for_the_process_is_undone(locate: Locate) -> None:
    seed, argv = torch.manual_seed, list(sys.argv)
    survey_model(locate("tiny_mlp"))
    assert torch.manual_seed is seed
    assert sys.argv == argv
    assert not torch.overrides._get_current_function_mode_stack()


def test_another_torchbench_that_is_installed_is_not_measured_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locate: Locate
) -> None:
    shutil.copytree(STAND_IN, tmp_path, dirs_exist_ok=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnsupportedError) as caught:
        survey_model(locate("tiny_mlp"))
    assert f"another TorchBench is installed, {tmp_path}" in describe_reason(explain_error(caught.value).cause)


def test_compiled_copies_in_a_checkout_are_neither_read_nor_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locate: Locate
) -> None:
    checkout = tmp_path / "tb"
    shutil.copytree(STAND_IN, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    model = checkout / "torchbenchmark/models/tiny_mlp/__init__.py"
    text, status = model.read_text(), model.stat()
    model.write_text(text.replace("DEFAULT_EVAL_BSIZE = 8", "DEFAULT_EVAL_BSIZE = 9"))
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    py_compile.compile(str(model), doraise=True)
    model.write_text(text)
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))  # Python would take the copy, by size and time
    before = sorted(checkout.rglob("*"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (facts,) = survey_model(locate(f"{checkout}/torchbenchmark/models/tiny_mlp"))
    assert facts.batch_size["inference"] == 8
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize("precision", ["fp32", "amp_bf16"])
def test_a_model_that_draws_is_compared_after_the_same_seed(locate: Locate, precision: str) -> None:
    located = survey(locate("draws"))
    case = make_case("torchbench.draws", 4, precision=precision)
    workload = build_from_checkout(located, located.source.workloads[0], case)
    assert prove(workload, prepare(workload, case), case, located).correctness.passed


def test_a_model_that_draws_is_told_apart_from_one_that_is_compiled_wrongly(locate: Locate) -> None:
    located = survey(locate("draws"))
    case = make_case("torchbench.draws", 4, backend="inductor")
    workload = build_from_checkout(located, located.source.workloads[0], case)
    with pytest.raises(WorkerFailedError) as caught:
        prove(workload, prepare(workload, case), case, located)
    assert describe_reason(caught.value.failure.cause) == (
        "the model draws random numbers, and inductor draws others than eager: its results cannot be compared"
    )


def test_a_model_without_weights_is_measured_and_its_evidence_verified(locate: Locate) -> None:
    located = survey(locate("weightless"))
    case = msgspec.structs.replace(make_case("torchbench.weightless", 4), source=located.source.digest)
    workload = build_from_checkout(located, located.source.workloads[0], case)
    proof = prove(workload, prepare(workload, case), case, located)
    assert proof.correctness.passed
    assert proof.evidence["parameter_dtypes"] == "none"
    _check_precision(case, proof.evidence, "cell")
    with pytest.raises(BundleError, match="its weights are ; fp32 holds float32"):
        _check_precision(msgspec.structs.replace(case, source=None), proof.evidence, "cell")


def test_results_that_are_no_numbers_are_told_apart_from_wrong_ones(locate: Locate) -> None:
    located = survey(locate("weightless"))
    case = make_case("torchbench.weightless", 1)
    workload = build_from_checkout(located, located.source.workloads[0], case)
    with pytest.raises(WorkerFailedError) as caught:
        prove(workload, prepare(workload, case), case, located)
    assert caught.value.failure.reason == "not_finite"
