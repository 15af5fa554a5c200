import msgspec
import pytest

from bench.records.summary import Mark
from bench.report.cell_texts import describe_latency
from tests.builders import change_metric
from tests.unit.compare.qualification.units import make_contents


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ((), "10.0 ms ±10.0%"),
        (("few_repetitions",), "10.0 ms (±10.0%)"),
        (("noisy_host", "single_repetition"), "10.0 ms"),
    ],
    ids=["an interval", "a range", "one value"],
)
def test_a_width_claims_no_more_than_its_repetitions_give(marks: tuple[Mark, ...], text: str) -> None:
    summary = change_metric(make_contents(0.01).summary.cells[0], "latency_s", point=0.010, low=0.009, high=0.011)
    assert describe_latency(msgspec.structs.replace(summary, marks=marks)) == text
