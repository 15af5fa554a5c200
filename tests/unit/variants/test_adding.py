"""A backend is added by one file and one line of the registry: this test adds one, and touches nothing else."""

from pathlib import Path

import pytest

from bench.backends import registry
from bench.profiles.user_variables import find_readers
from bench.records.backend import BackendFacts
from bench.records.case import Case, Mode, Precision
from bench.records.suite import CaseFilter
from bench.report.reasons import describe_reason
from bench.suites.expand import expand_suite
from bench.suites.load import find_suite
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from bench.workloads.registry import WORKLOADS, find_workload, load_builder
from bench.workloads.validity import why_not

FILE = '''
"""Eager through torch.fx: traced, and run by the Python that torch.fx generates."""

from bench.records.backend import BackendFacts

BACKEND = BackendFacts(
    name="symbolic",
    runner="added_backend:make_symbolic",
    summary="torch.fx's own generated code",
    no_training="it has no backward pass; train with eager",
    unsupported={"fx_int8": "its tracer does not enter quantized modules; use eager"},
    variables=("SYMBOLIC_*",),
)


def make_symbolic(model, case):
    from torch.fx import symbolic_trace

    from bench.variants.backends.eager import Eager

    class Symbolic(Eager):
        def __init__(self, model, case):
            super().__init__(symbolic_trace(model), case)

        def evidence(self):
            return {"traced_nodes": str(len(self.forward.graph.nodes))}

    return Symbolic(model, case)
'''
"""The file: the row, and what runs a model. Its imports of torch are inside, so that listing loads none."""

NAME = "symbolic"


@pytest.fixture(autouse=True)
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackendFacts:
    """Put the file on the path, and its name into the table as the line in `CATALOGUE` would."""
    (tmp_path / "added_backend.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    for name, facts in registry.read_catalogue(["added_backend"]).items():
        monkeypatch.setitem(registry._ROWS, name, facts)
    return registry.find_backend("symbolic")


def make_case(mode: Mode = "inference", precision: Precision = "fp32") -> Case:
    facts = find_workload("resnet18")
    return Case(
        workload="resnet18",
        mode=mode,
        phase=None,
        precision=precision,
        memory_format="channels_last",
        backend="symbolic",
        batch_size=1,
        shape=facts.smoke_shape,
        quant_engine="x86" if precision == "fx_int8" else None,
    )


def test_every_workload_offers_it_that_lists_no_backends() -> None:
    cases, refused = expand_suite(
        find_suite("full", WORKLOADS),
        CaseFilter(backend=("symbolic",)),
        workloads=WORKLOADS,
        architecture="x86_64",
        why_not=why_not,
    )
    assert refused == ()
    assert {case.workload for case in cases} == {name for name, facts in WORKLOADS.items() if facts.backends is None}
    assert {case.mode for case in cases} == {"inference"}


def test_unsupported_cases_are_refused_in_the_words_of_its_row() -> None:
    reasons = [why_not(make_case("training")), why_not(make_case(precision="fx_int8"))]
    assert [describe_reason(reason) for reason in reasons if reason is not None] == [
        "resnet18: it has no backward pass; train with eager",
        "resnet18: its tracer does not enter quantized modules; use eager",
    ]


def test_its_variables_are_read_by_it_alone() -> None:
    assert find_readers(["SYMBOLIC_DEPTH"]) == {"symbolic"}


@pytest.mark.torch
@pytest.mark.parametrize("precision", ["fp32", "amp_bf16"])
def test_it_runs_a_model_and_its_outputs_are_proven(precision: Precision) -> None:
    case = make_case(precision=precision)
    workload = load_builder(find_workload(case.workload))(case)
    proof = prove(workload, prepare(workload, case), case)
    assert proof.correctness.passed
    assert int(proof.evidence["traced_nodes"]) > 0
