import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.bundle.recompute import check_summary, find_difference, load_recompute
from bench.errors import BundleError, TooNoisyError
from bench.records.measurement import Sample
from bench.records.reason import Reason
from bench.records.record import decode_json, encode_json
from bench.records.summary import Summary
from tests.builders import change_metric
from tests.unit.bundle.builder import CONTENTS


def scaled(factor: float) -> Summary:
    first, *rest = CONTENTS.summary.cells
    changed = change_metric(first, "latency_s", point=first.latency_s.point * factor)
    return replace(CONTENTS.summary, cells=(changed, *rest))


def test_the_summary_of_a_real_run_follows_from_its_samples() -> None:
    assert check_summary(CONTENTS, load_recompute(CONTENTS.summary.method)) is None


def test_a_method_of_tomorrow_is_refused_in_one_line() -> None:
    with pytest.raises(
        BundleError,
        match=r"^summary\.json was made by method student/999, from a newer bench; .* student/1, student/2$",
    ):
        load_recompute("student/999")


@pytest.mark.parametrize("factor", [1 + 1e-12, 1 - 1e-12, 1 + 9e-10])
def test_differences_within_the_tolerance_are_libraries(factor: float) -> None:
    assert check_summary(CONTENTS, lambda *_: scaled(factor)) is None


@pytest.mark.parametrize("factor", [1 + 1.1e-9, 0.999, -1.0, 0.0])
def test_differences_beyond_it_are_refused_by_name(factor: float) -> None:
    with pytest.raises(
        BundleError, match=r"summary\.cells\[0\]\.metrics\.latency_s\.point: the bundle says .*, its samples say"
    ):
        check_summary(CONTENTS, lambda *_: scaled(factor))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"cells": ()}, r"summary\.cells: ", id="a cell more than was measured"),
        pytest.param({"failed": {"0002-resnet50-fp32-latency": Reason(code="timeout")}}, r"summary\.failed\.0002", id="another reason"),
        pytest.param({"failed": {}}, r"summary\.failed\.0002", id="a failure that did not happen"),
        pytest.param({"drift": ()}, r"summary\.drift: ", id="a drift that was not there"),
    ],
)  # fmt: skip
def test_refuses(change: dict[str, object], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        check_summary(CONTENTS, lambda *_: replace(CONTENTS.summary, **change))


@pytest.mark.parametrize(
    "error", [TooNoisyError("x"), ZeroDivisionError("x"), KeyError("x"), OverflowError("x"), ValueError("x"), TypeError("x")], ids=lambda error: type(error).__name__
)  # fmt: skip
def test_samples_that_allow_no_summary_are_refused(error: Exception) -> None:
    def fail(*_: object) -> Summary:
        raise error

    with pytest.raises(BundleError, match=r"no summary can be made from the samples: .*x") as refusal:
        check_summary(CONTENTS, fail)
    assert refusal.value.exit_code == 6


def test_samples_of_more_iterations_than_can_be_counted_are_no_samples() -> None:
    data = encode_json(Sample(start_ns=0, elapsed_ns=1, iterations=(1 << 53) + 1))
    with pytest.raises(BundleError, match="not a valid Sample"):
        decode_json(data, Sample, source="sample")


def test_samples_whose_iterations_overflow_a_sum_are_refused() -> None:
    iterations = 10**307
    first, *rest = CONTENTS.measurements
    repetitions = tuple(
        replace(
            repetition,
            instances=tuple(
                replace(instance, samples=tuple(replace(sample, iterations=iterations) for sample in instance.samples))
                for instance in repetition.instances
            ),
        )
        for repetition in first.repetitions
    )
    with pytest.raises(BundleError, match="no summary can be made from the samples"):
        check_summary(
            replace(CONTENTS, measurements=(replace(first, repetitions=repetitions), *rest)),
            load_recompute(CONTENTS.summary.method),
        )


def test_a_summary_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(BundleError, match="the summary made from the samples: not a valid Summary"):
        check_summary(CONTENTS, lambda *_: scaled(math.inf))


Tree = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(Tree)
def test_a_tree_does_not_differ_from_itself(tree: object) -> None:
    assert find_difference(tree, tree, "x") is None


@given(Tree, Tree)
def test_trees_that_differ_differ_both_ways(one: object, other: object) -> None:
    assert (find_difference(one, other, "x") is None) == (find_difference(other, one, "x") is None)
