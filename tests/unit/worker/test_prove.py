from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import pytest
import torch

from bench.records.case import MEMORY_FORMATS, MODES, PHASES, PRECISIONS, Case, case_name
from bench.records.measurement import Proof
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from bench.workloads.registry import WORKLOADS, find_workload, load_builder
from bench.workloads.validity import why_not
from bench.workloads.weights import fill_weights

pytestmark = [
    pytest.mark.torch,
    pytest.mark.usefixtures("no_model_is_kept"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor, torch.quantize_per_channel"),
    pytest.mark.filterwarnings("ignore:Currently, qnnpack incorrectly ignores reduce_range"),
    # What torch says of its own kernels; whether they are right is what is tested here.
    pytest.mark.filterwarnings("ignore:All inputs of this cat operator must share the same quantization parameters"),
    pytest.mark.filterwarnings("ignore:To copy construct from a tensor, it is recommended"),
]


def make_case(workload: str, **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "workload": workload,
        "mode": "inference",
        "phase": None,
        "precision": "fp32",
        "memory_format": "contiguous",
        "backend": "eager",
        "batch_size": 1 if WORKLOADS[workload].fixed_batch_size else 2,
        "shape": WORKLOADS[workload].smoke_shape,
    }
    return Case(**fields | changes)


def valid_cases(workload: str, **choices: tuple[str, ...]) -> Iterator[Case]:
    """All valid cases of a workload, in eager fp32, contiguous where the choices say nothing else."""
    modes: tuple[tuple[str, str | None], ...] = tuple(product(MODES, (None, *PHASES)))
    for (mode, phase), precision, memory_format in product(
        modes, choices.get("precision", ("fp32",)), choices.get("memory_format", ("contiguous",))
    ):
        case = make_case(
            workload,
            mode=mode,
            phase=phase,
            precision=precision,
            memory_format=memory_format,
            quant_engine=ENGINE if precision == "fx_int8" else None,
        )
        if why_not(case) is None:
            yield case


def representatives() -> dict[str, str]:
    """Family → its representative workload: the first in the catalogue, but of CNNs a small one that has all their layers."""
    return {facts.family: facts.name for facts in reversed(WORKLOADS.values())} | {"cnn": "mobilenet_v2"}


ENGINE = torch.backends.quantized.engine
EVERY_WORKLOAD = [case for workload in WORKLOADS for case in valid_cases(workload)]
SLOW = {("amp_fp16", "training", name) for family, name in representatives().items() if family != "cnn"}
"""A CPU without units for fp16 takes minutes for a step; one family shows that training in it works."""
EVERY_VARIANT = [
    case
    for workload in representatives().values()
    for case in valid_cases(workload, precision=PRECISIONS, memory_format=MEMORY_FORMATS)
    if case not in EVERY_WORKLOAD and (case.precision, case.mode, workload) not in SLOW
]
COMPILED = [
    make_case("mobilenet_v2", backend="inductor_freezing", precision="bf16", memory_format="channels_last"),
    make_case("bert_base", backend="inductor_freezing", precision="amp_bf16"),
    make_case("gpt2", backend="inductor_freezing", phase="prefill"),
    make_case("basic_gnn_gcn", backend="inductor_freezing"),
]
INT8 = make_case("mobilenet_v2", backend="inductor_freezing", precision="pt2e_int8", memory_format="channels_last")


@pytest.fixture
def fresh_compiler(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No model compiled by another test is taken for this one's; compiled headers are, as they take seconds."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "inductor"))
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def run(case: Case) -> Proof:
    """What a worker does, with one iteration in place of the timed part; each case once for all tests."""
    if case_name(case) not in _PROOFS:
        _PROOFS[case_name(case)] = run_anew(case)
    return _PROOFS[case_name(case)]


_PROOFS: dict[str, Proof] = {}


def run_anew(case: Case) -> Proof:
    workload = load_builder(find_workload(case.workload))(case)
    prepared = prepare(workload, case)
    with prepared.context():
        prepared.call()
    return prove(workload, prepared, case)


@pytest.mark.parametrize("case", [*EVERY_WORKLOAD, *EVERY_VARIANT], ids=case_name)
def test_a_case_runs_takes_effect_and_is_right(case: Case) -> None:
    """Every workload in every mode and phase in fp32; of each family one in every precision and memory format."""
    proof = run(case)
    assert proof.correctness.passed, proof.correctness
    assert ("int8_operations" in proof.evidence) is (case.precision == "fx_int8")
    assert proof.flops > 0
    assert proof.traffic_bytes > 0
    assert msgspec.json.decode(msgspec.json.encode(proof), type=Proof) == proof


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("case", COMPILED, ids=case_name)
def test_a_workload_of_each_family_compiles_takes_effect_and_is_right(case: Case) -> None:
    proof = run(case)
    assert proof.correctness.passed, proof.correctness
    assert int(proof.evidence["compiled_graphs"]) > 0
    assert int(proof.evidence["frozen_weights"]) > 0
    assert ("bfloat16" in proof.evidence["result_dtypes"]) is (case.precision != "fp32")


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
def test_int8_by_export_becomes_kernels_of_onednn_and_is_right() -> None:
    proof = run(INT8)
    assert proof.correctness.passed, proof.correctness
    assert proof.evidence["int8_operations"] == proof.evidence["int8_kernels"] == "53 of 53"


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_digests_and_flops_are_those_of_the_workload_whatever_the_variant(mode: str) -> None:
    plain = run(make_case("resnet50", mode=mode))
    varied = run(make_case("resnet50", mode=mode, precision="amp_bf16", memory_format="channels_last"))
    assert varied.weights_digest == plain.weights_digest
    assert varied.inputs_digest == plain.inputs_digest
    assert varied.flops == plain.flops


def test_wrong_weights_are_wrong_outputs() -> None:
    case = make_case("mobilenet_v2", precision="amp_bf16", memory_format="channels_last")
    workload = load_builder(find_workload(case.workload))(case)
    prepared = prepare(workload, case)
    fill_weights(workload.model, gain=2**0.5, seed=2)
    correctness = prove(workload, prepared, case).correctness
    assert not correctness.passed
    assert correctness.cosine_similarity < correctness.cosine_limit
    assert correctness.relative_error > correctness.error_limit


def test_training_for_many_steps_first_changes_nothing_in_the_proof() -> None:
    case = make_case("basic_gnn_gcn", mode="training")
    workload = load_builder(find_workload(case.workload))(case)
    prepared = prepare(workload, case)
    with prepared.context():
        for _ in range(20):
            prepared.call()
    after_steps, at_once = (
        msgspec.structs.replace(proof, operators=None) for proof in (prove(workload, prepared, case), run(case))
    )
    assert after_steps == at_once  # but for the operators, whose times are measured


def test_flops_are_the_published_ones_of_resnet50() -> None:
    proof = run(make_case("resnet50", batch_size=1, shape={"image_size": 224}))
    assert proof.flops == pytest.approx(2 * 4.09e9, rel=0.01)  # torchvision's table gives 4.09 GMACs
