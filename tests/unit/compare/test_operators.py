"""Where a cell is slower or faster, its notes name the operators and kernels that changed."""

from msgspec.structs import replace

from bench.compare.bundles import compare_runs
from bench.compare.operators import explain_by_operators
from bench.records.bundle import Contents
from bench.records.measurement import OperatorProfile, OperatorTime, Proof
from bench.records.reason import Reason
from bench.records.verdict import Criteria
from bench.report.comparison import render_comparison
from tests.builders import make_proof
from tests.unit.compare.runs import STEADY, make_run, times

MS = 1_000_000
CRITERIA = Criteria(margin_ratio=0.05)


def make_profiled(primitives: dict[str, int] | None = None, /, **own_ms: float) -> Proof:
    """A proof whose operators have these own times, two calls each."""
    listed = sorted(own_ms.items(), key=lambda entry: -entry[1])
    operators = tuple(OperatorTime(name=f"aten::{name}", calls=2, own_ns=round(ms * MS)) for name, ms in listed)
    total = sum(entry.own_ns for entry in operators)
    profile = OperatorProfile(elapsed_ns=total + MS, own_ns=total, operators=operators)
    return replace(make_proof(), primitives=primitives or {}, operators=profile)


def name_operators(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.values["operator"] for reason in reasons if reason.code == "operator_changed"]


def test_the_operator_that_takes_longer_is_named_with_both_times() -> None:
    base, new = make_profiled(mm=80, add=20), make_profiled(mm=130, add=20.5)
    (reason,) = explain_by_operators(base, new, "slower")
    assert reason.values == {"operator": "aten::mm", "base_ms": "80", "base_calls": "2", "new_ms": "130", "new_calls": "2"}  # fmt: skip
    assert explain_by_operators(new, base, "slower") == ()


def test_a_faster_cell_names_what_takes_less_and_what_is_gone() -> None:
    reasons = explain_by_operators(make_profiled(mm=50, copy=50), make_profiled(mm=49), "faster")
    assert name_operators(reasons) == ["aten::copy"]
    assert reasons[0].values["new_calls"] == "0"


def test_the_largest_changes_come_first_and_small_ones_not_at_all() -> None:
    base = make_profiled(a=10, b=10, c=10, d=10, e=10)
    new = make_profiled(a=40, b=30, c=60, d=20, e=10.4)
    assert name_operators(explain_by_operators(base, new, "slower")) == ["aten::c", "aten::a", "aten::b"]


def test_kernels_that_are_used_more_or_less_often_are_named() -> None:
    base = make_profiled({"matmul brg:avx512_core": 12, "reorder jit": 3}, mm=50)
    new = make_profiled({"matmul ref:any": 12, "reorder jit": 3}, mm=50)
    reasons = explain_by_operators(base, new, "slower")
    assert [(reason.code, reason.values["kernel"]) for reason in reasons] == [
        ("kernel_changed", "matmul brg:avx512_core"),
        ("kernel_changed", "matmul ref:any"),
    ]


def test_what_is_not_recorded_explains_nothing() -> None:
    assert explain_by_operators(None, make_profiled(mm=1), "slower") == ()
    assert explain_by_operators(make_proof(), make_profiled({"jit:avx512_core": 53}, mm=1), "slower") == ()
    assert explain_by_operators(make_profiled(mm=1), make_profiled(mm=9), "equivalent") == ()


def with_proof(contents: Contents, proof: Proof) -> Contents:
    """The run with this evidence of its first cell."""
    first, *rest = contents.measurements
    repetition, *others = first.repetitions
    instance = replace(repetition.instances[0], proof=proof)
    first = replace(first, repetitions=(replace(repetition, instances=(instance,)), *others))
    return replace(contents, measurements=(first, *rest))


def test_a_comparison_names_the_operators_of_the_cell_that_is_slower() -> None:
    base = with_proof(make_run(STEADY, STEADY), make_profiled(mm=80, add=20))
    new = with_proof(make_run(times(1.5), STEADY), make_profiled(mm=130, add=20))
    comparison = compare_runs([base], [new], CRITERIA)
    slower, same = comparison.cells
    assert name_operators(slower.notes) == ["aten::mm"]
    assert name_operators(same.notes) == []
    assert "aten::mm took 130 ms of its own in 2 calls, before 80 ms in 2" in render_comparison(comparison)
