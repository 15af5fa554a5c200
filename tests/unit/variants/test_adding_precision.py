"""A precision is added by its row and its limits, once its name is known: this test adds one, and touches nothing else."""

import pytest

from bench.records import precision as precisions
from bench.records.case import Case
from bench.records.precision import PrecisionFacts
from bench.stats import limits
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from bench.workloads.registry import find_workload, load_builder

NAME = "half"
FACTS = PrecisionFacts(name=NAME, autocast="bfloat16", peaks=("bf16", "fp32"), no_training="it only infers")  # type: ignore[arg-type] # the line in `Precision`


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the row and the limits into their tables, as the lines in them would."""
    monkeypatch.setitem(precisions._ROWS, NAME, FACTS)  # type: ignore[misc] # as above
    row = limits.Limits(cosine=0.99, error=0.1, reason="as amp_bf16")
    monkeypatch.setitem(limits._ROWS, ("inference", NAME), row)  # type: ignore[misc] # as above


def make_case() -> Case:
    facts = find_workload("resnet18")
    return Case(
        workload="resnet18",
        mode="inference",
        phase=None,
        precision=NAME,  # type: ignore[arg-type] # as above
        memory_format="contiguous",
        backend="eager",
        batch_size=1,
        shape=facts.smoke_shape,
    )


@pytest.mark.torch
def test_it_computes_as_its_row_says_and_is_held_to_its_limits() -> None:
    case = make_case()
    workload = load_builder(find_workload(case.workload))(case)
    proof = prove(workload, prepare(workload, case), case)
    assert "bfloat16" in proof.evidence["result_dtypes"]
    assert proof.correctness.error_limit == 0.1
    assert proof.correctness.passed
