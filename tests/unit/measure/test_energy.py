"""RAPL's counters in a made-up tree."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.measure import energy
from bench.measure.energy import read_energy_j, why_no_energy
from bench.measure.readings import start_readings
from bench.stats.metrics import METRICS
from bench.stats.scenarios import find_scenario
from tests.builders import make_instance, make_repetition

READER = [("energy_per_item_j", "bench.measure.energy:read_energy_j")]


def write(root: Path, zone: str, name: str, text: str) -> None:
    folder = root / "sys/class/powercap" / zone
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{name}\n", encoding="ascii")
    (folder / "energy_uj").write_text(text, encoding="ascii")


def test_packages_are_summed_and_neither_their_parts_nor_the_board_that_holds_them(tmp_path: Path) -> None:
    write(tmp_path, "intel-rapl:0", "package-0", "2500000\n")
    write(tmp_path, "intel-rapl:0:0", "core", "900000\n")
    write(tmp_path, "intel-rapl:1", "package-1-die-0", "500000\n")
    write(tmp_path, "intel-rapl:2", "psys", "7000000\n")
    (tmp_path / "sys/class/powercap/intel-rapl").mkdir()
    assert read_energy_j(tmp_path) == 3.0
    assert why_no_energy(tmp_path) is None


def test_why_it_cannot_be_read_is_said(tmp_path: Path) -> None:
    reason = why_no_energy(tmp_path)
    assert reason is not None
    assert reason.code == "energy_counter_missing"
    assert read_energy_j(tmp_path) is None
    write(tmp_path, "intel-rapl:0", "package-0", "nothing")
    reason = why_no_energy(tmp_path)
    assert reason is not None
    assert (reason.code, reason.values["text"]) == ("energy_counter_unreadable", "no number")
    assert read_energy_j(tmp_path) is None


@pytest.mark.parametrize(
    ("totals", "found"),
    [([1.0, 3.5], {"energy_per_item_j": 2.5}), ([9.0, 0.5], {}), ([None, 1.0], {}), ([1.0, None], {})],
    ids=["grows", "began again", "cannot be read", "can no longer be read"],
)
def test_a_difference_is_taken_only_of_a_total_that_grew(
    totals: list[float | None], found: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "read_energy_j", iter(totals).__next__)
    assert start_readings(READER)() == found


def test_instances_that_read_the_same_packages_are_not_added_up() -> None:
    instances = [replace(make_instance(items=4), readings={"energy_per_item_j": joules}) for joules in (10.0, 12.0)]
    items = 4 * sum(sample.iterations for instance in instances for sample in instance.samples)
    read = METRICS["energy_per_item_j"].read
    assert read(make_repetition(0, *instances), find_scenario("closed_loop")) == pytest.approx(12.0 / items)
    assert read(make_repetition(0, make_instance()), find_scenario("closed_loop")) is None
