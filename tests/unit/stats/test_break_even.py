import msgspec
import pytest

from bench.records.summary import CellSummary, Mark
from bench.stats.break_even import BreakEven, calls_to_break_even
from bench.stats.summary import summarize_cell
from tests.builders import POLICY, change_metric, make_cell, make_repetition

SUMMARY = summarize_cell(make_cell(), POLICY, [make_repetition(0), make_repetition(1)], [])


def summary(latency_s: float, width: float = 0.01, marks: tuple[Mark, ...] = (), **cold_s: float) -> CellSummary:
    parts = {"prepare": 0.0, "compile": 0.0, "load": 0.0, "first_call": 0.0} | cold_s
    low, high = latency_s / (1 + width), latency_s * (1 + width)
    changed = change_metric(SUMMARY, "latency_s", point=latency_s, low=low, high=high)
    return msgspec.structs.replace(changed, cold_s=parts, marks=marks)


EAGER = summary(0.2, first_call=1.0)


@pytest.mark.parametrize(
    ("compiled", "calls"),
    [
        (summary(0.1, first_call=11.0), 100),
        (summary(0.1, compile=8.0, load=1.0, prepare=1.0, first_call=1.05), 101),
        (summary(0.1, first_call=0.5), 0),
        (summary(0.2, first_call=2.0), "unknown"),
        (summary(0.1, width=1.5, first_call=11.0), "unknown"),
        (summary(0.1, marks=("single_repetition",), first_call=11.0), "unknown"),
        (summary(0.3, marks=("single_repetition",), first_call=2.0), "unknown"),
        (summary(0.3, first_call=2.0), "never"),
        (summary(0.3, first_call=1.0), 0),
    ],
    ids=[
        "first call",
        "all that it costs, rounded up",
        "cheaper from the first call",
        "no faster",
        "not shown to be faster",
        "one value",
        "one value that is slower",
        "slower",
        "costs nothing more",
    ],
)
def test_a_compiler_breaks_even_when_faster_calls_have_recovered_its_costs(
    compiled: CellSummary, calls: BreakEven
) -> None:
    assert calls_to_break_even(compiled, EAGER) == calls
