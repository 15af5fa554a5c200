"""A workload is added by one file and one line of the registry: this test adds one."""

from pathlib import Path

import msgspec
import pytest

from bench.records.case import Case, WorkloadFacts
from bench.report import reasons_support
from bench.report.reasons import describe_reason
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from bench.workloads import registry
from bench.workloads.validity import why_not

pytestmark = pytest.mark.torch

FILE = '''
"""A perceptron of two layers."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION

WORKLOADS = (
    WorkloadFacts(
        name="perceptron",
        family="recommendation",
        target="added_workload:build",
        summary="Two linear layers",
        source="a test",
        precisions=EVERY_PRECISION,
        memory_formats=CONTIGUOUS,
        backends=("eager", "torchscript"),
        batch_size={"inference": 8},
        unsupported={"training": "it has no loss"},
        shape={"width": 64},
        bounds={"width": (1, 1024)},
        smoke_shape={"width": 16},
        unit="samples",
    ),
)


def build(case):
    from functools import partial

    from torch import nn

    from bench.workloads.construction import construct
    from bench.workloads.inputs import uniform_tensor
    from bench.workloads.iterations import Inference
    from bench.workloads.weights import fill_weights
    from bench.interface.workload import Workload
    from bench.workloads.dtypes import weights_dtype

    width = case.shape["width"]
    layers = lambda: nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
    model = construct(layers, weights_dtype(case.precision)).eval()
    fill = partial(fill_weights, model)
    fill()
    return Workload(
        case=case,
        model=model,
        inputs={"input": uniform_tensor("samples", (case.batch_size, width))},
        items_per_iteration=case.batch_size,
        fill=fill,
        iterate=lambda forward, inputs, autocast: Inference(forward, inputs),
    )
'''


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkloadFacts:
    (tmp_path / "added_workload.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "WORKLOADS", registry.read_catalogue((*registry.CATALOGUE, "added_workload")))
    monkeypatch.setattr(reasons_support, "WORKLOADS", registry.WORKLOADS)
    return registry.find_workload("perceptron")


@pytest.mark.parametrize("precision", ["fp32", "amp_bf16"])
@pytest.mark.parametrize("backend", ["eager", "torchscript"])
def test_a_file_and_a_line_add_a_workload_that_runs_and_is_proven(
    added: WorkloadFacts, precision: str, backend: str
) -> None:
    facts = msgspec.to_builtins(added)
    case = msgspec.convert(
        {
            "workload": facts["name"],
            "mode": "inference",
            "phase": None,
            "precision": precision,
            "memory_format": "contiguous",
            "backend": backend,
            "batch_size": facts["batch_size"]["inference"],
            "shape": facts["smoke_shape"],
        },
        Case,
    )
    assert why_not(case) is None
    workload = registry.load_builder(added)(case)
    proof = prove(workload, prepare(workload, case), case)
    assert proof.correctness.passed


def test_its_refusals_are_the_rows_own(added: WorkloadFacts) -> None:
    case = Case(
        workload=added.name,
        mode="training",
        phase=None,
        precision="fp32",
        memory_format="contiguous",
        backend="eager",
        batch_size=8,
        shape=added.shape,
    )
    reason = why_not(case)
    assert reason is not None
    assert describe_reason(reason) == "perceptron: no training: it has no loss"
