"""A metric is added by one row, and a reader if its value is no sample's: this test adds one."""

import sys
from collections.abc import Iterator
from itertools import count
from types import ModuleType

import pytest
from msgspec.structs import replace

from bench.compare.qualification.cell_checks import metric_checks
from bench.measure.readings import start_readings
from bench.records.measurement import Measurement
from bench.records.record import decode_json, encode_json
from bench.stats import metrics
from bench.stats.metrics import METRICS, Metric, find_readers, repetition_values, sum_reading
from bench.stats.summary import summarize
from tests.builders import make_cell, make_instance, make_measurement, make_plan, make_repetition
from tests.unit.compare.qualification.units import make_contents, make_unit

ENERGY = Metric("energy_j", "J", "less", "mean", sum_reading("energy_j"), reader="added_metric:read_joules")

_joules: Iterator[int] = count(100, step=7)


def read_joules() -> float:
    """Stands in for a counter of the machine."""
    return float(next(_joules))


@pytest.fixture(autouse=True)
def with_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("added_metric")
    module.read_joules = read_joules  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "added_metric", module)
    monkeypatch.setattr(metrics, "METRICS", {**METRICS, "energy_j": ENERGY})


def measure(*joules: float) -> Measurement:
    """A cell's repetitions with these readings, as a bundle holds them."""
    repetitions = [
        make_repetition(index, replace(make_instance(), readings={"energy_j": value}))
        for index, value in enumerate(joules)
    ]
    data = encode_json(make_measurement(make_cell(), *repetitions))
    return decode_json(data, Measurement, source="a test")


def test_the_worker_reads_it_around_the_timed_part() -> None:
    readings_since = start_readings(find_readers())
    assert readings_since()["energy_j"] == 7.0


def test_it_is_summarized_with_its_interval() -> None:
    summary = summarize(make_plan(), [measure(4.0, 5.0, 4.0, 5.0, 4.0)], ())
    energy = summary.cells[0].metrics["energy_j"]
    assert energy.low < 4.37 < energy.point < 4.38 < energy.high


def test_a_repetition_without_a_reading_is_left_out_of_it() -> None:
    measurement = measure(4.0, 5.0)
    missing = make_repetition(2)
    measurement = replace(measurement, repetitions=(*measurement.repetitions, missing))
    assert repetition_values(measurement, make_cell(), "energy_j") == {0: 4.0, 1: 5.0}


def test_comparisons_read_it_by_its_name() -> None:
    assert repetition_values(measure(4.0, 5.0), make_cell(), "energy_j") == {0: 4.0, 1: 5.0}


def test_policies_have_a_check_of_it() -> None:
    (check,) = metric_checks([ENERGY])
    contents = make_contents()
    measurements = tuple(
        replace(
            measurement,
            repetitions=tuple(
                replace(
                    repetition,
                    instances=tuple(replace(part, readings={"energy_j": 4.0}) for part in repetition.instances),
                )
                for repetition in measurement.repetitions
            ),
        )
        for measurement in contents.measurements
    )
    summary = summarize(contents.plan, measurements, contents.probes)
    unit = make_unit(replace(contents, measurements=measurements, summary=summary))
    assert (check.name, check.unit, check.better) == ("performance.energy_j", "J", "less")
    assert [reading.value for reading in check.read(unit)] == [pytest.approx(4.0)] * 2
