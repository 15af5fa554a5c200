from collections.abc import Mapping

import numpy as np
import pytest

from bench.stats.odd_machines import MACHINES_MIN, OVERALL, Deviation, Value, find_deviations
from bench.stats.tails import TAIL_SHARE

LEVEL = 0.01
OWN = 0.002**2


def make_cells(logs: np.ndarray, prefix: str = "m") -> dict[str, dict[str, Value]]:
    """Machines × cells, as they are compared."""
    return {
        f"c{cell}": {f"{prefix}{machine:04d}": Value(float(log), OWN) for machine, log in enumerate(column)}
        for cell, column in enumerate(logs.T)
    }


def draw(machines: int, cells: int = 3, seed: int = 1, scatter: float = 0.005) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scatter, size=(machines, cells))


def odd(found: Mapping[str, Mapping[str, Deviation]]) -> set[tuple[str, str]]:
    return {(cell, name) for cell, machines in found.items() for name, item in machines.items() if item.odd}


def test_machines_that_scatter_alike_are_not_odd() -> None:
    found = find_deviations(make_cells(draw(20)), level=LEVEL)
    assert odd(found) == set()
    assert list(found) == ["c0", "c1", "c2", OVERALL]
    assert all(item.p_value > 0.05 for machines in found.values() for item in machines.values())


def test_a_machine_that_is_slow_in_one_cell_is_odd_there() -> None:
    logs = draw(20)
    logs[7, 1] += np.log(1.15)
    found = find_deviations(make_cells(logs), level=LEVEL)
    assert ("c1", "m0007") in odd(found)
    assert {name for _, name in odd(found)} == {"m0007"}
    item = found["c1"]["m0007"]
    assert item.difference == pytest.approx(np.log(1.15), abs=0.02)
    assert item.p_value <= LEVEL
    assert item.difference - item.reach > 0
    assert item.could_suspect < item.could_show < np.log(1.15)


def test_a_machine_that_is_fast_is_odd_and_better() -> None:
    logs = draw(20)
    logs[7, 1] -= np.log(1.3)
    item = find_deviations(make_cells(logs), level=LEVEL)["c1"]["m0007"]
    assert item.odd
    assert item.difference < 0


def test_what_normal_scatter_does_not_explain_is_suspect_before_it_is_odd() -> None:
    logs = draw(40, cells=1)
    logs[3, 0] = np.log(1.028)
    item = find_deviations(make_cells(logs), level=LEVEL)["c0"]["m0003"]
    assert item.suspect
    assert not item.odd
    assert item.p_if_normal <= LEVEL < item.p_value


def test_no_chance_is_below_that_of_tails_taken_for_too_light() -> None:
    logs = draw(40, cells=1)
    logs[3, 0] = np.log(100)
    item = find_deviations(make_cells(logs), level=LEVEL)["c0"]["m0003"]
    assert item.odd
    assert item.p_value == pytest.approx(TAIL_SHARE * LEVEL, rel=0.01)
    assert item.p_if_normal < 1e-9


def test_what_is_a_little_slower_everywhere_is_found_by_all_cells_together() -> None:
    logs = draw(60, cells=30, seed=3)
    logs[5] += 0.02
    found = find_deviations(make_cells(logs), level=LEVEL)
    assert found[OVERALL]["m0005"].odd
    assert not any(name == "m0005" for cell, name in odd(found) if cell != OVERALL)


def test_a_tenth_of_odd_machines_do_not_hide_one_another() -> None:
    logs = draw(40)
    logs[:4] += np.log(1.08)
    assert {name for _, name in odd(find_deviations(make_cells(logs), level=LEVEL))} == {
        f"m{machine:04d}" for machine in range(4)
    }


def test_a_machine_whose_repetitions_scatter_must_differ_by_more() -> None:
    logs = draw(20)
    logs[7, 1] += np.log(1.15)
    cells = make_cells(logs)
    cells["c1"]["m0007"] = cells["c1"]["m0007"]._replace(variance=0.05**2)
    found = find_deviations(cells, level=LEVEL)["c1"]
    assert not found["m0007"].odd
    assert found["m0007"].could_suspect > found["m0008"].could_suspect


def test_the_order_of_machines_and_cells_changes_nothing() -> None:
    logs = draw(20)
    logs[7, 1] += 0.1
    cells = make_cells(logs)
    turned = {key: dict(reversed(list(values.items()))) for key, values in reversed(list(cells.items()))}
    first, second = find_deviations(cells, level=LEVEL), find_deviations(turned, level=LEVEL)
    for key, machines in first.items():
        for name, item in machines.items():
            assert second[key][name] == pytest.approx(item)


def test_a_cell_of_too_few_machines_is_left_out() -> None:
    assert find_deviations(make_cells(draw(MACHINES_MIN - 1)), level=LEVEL) == {}
    cells = make_cells(draw(10))
    cells["c2"] = dict(list(cells["c2"].items())[:3])
    found = find_deviations(cells, level=LEVEL)
    assert list(found) == ["c0", "c1", OVERALL]


def test_machines_that_lack_a_cell_take_no_part_in_all_cells_together() -> None:
    cells = make_cells(draw(10))
    del cells["c2"]["m0004"]
    found = find_deviations(cells, level=LEVEL)
    assert "m0004" in found["c0"]
    assert "m0004" not in found["c2"]
    assert "m0004" not in found[OVERALL]


def test_equal_numbers_are_not_odd() -> None:
    assert odd(find_deviations(make_cells(np.zeros((10, 2))), level=LEVEL)) == set()


def test_a_class_of_four_finds_only_what_is_far_out() -> None:
    logs = draw(4)
    logs[0] += np.log(1.05)
    assert odd(find_deviations(make_cells(logs), level=LEVEL)) == set()
    logs[0] += np.log(100)
    assert {name for _, name in odd(find_deviations(make_cells(logs), level=LEVEL))} == {"m0000"}


def test_references_are_what_machines_are_compared_with() -> None:
    slow = np.log(1.1) + draw(5, seed=9)
    known = make_cells(draw(20), "r")
    found = find_deviations(make_cells(slow), level=LEVEL, references=known)
    assert {name for _, name in odd(found)} == {f"m{machine:04d}" for machine in range(5)}
    good = find_deviations(make_cells(draw(1, seed=8)), level=LEVEL, references=known)
    assert odd(good) == set()
    assert find_deviations(make_cells(slow), level=LEVEL, references=make_cells(draw(2), "r")) == {}


def test_one_machine_beside_references_is_judged_more_sharply_than_one_of_a_class() -> None:
    logs = draw(41, cells=1)
    among = find_deviations(make_cells(logs), level=LEVEL)["c0"]["m0040"]
    known = make_cells(logs[:40], "r")
    alone = find_deviations(make_cells(logs[40:]), level=LEVEL, references=known)["c0"]["m0000"]
    assert alone.could_show < 0.6 * among.could_show


@pytest.mark.parametrize("tails", [5.0, 1e6], ids=["heavy tails", "normal"])
def test_good_machines_are_odd_no_more_often_than_stated(tails: float) -> None:
    """Level 10%, so that few fleets show it; `tests/benchmarks/triage_rates.py` has the rates at 1%."""
    rng = np.random.default_rng(20)
    flagged = 0
    for _ in range(200):
        logs = 0.01 * rng.standard_t(tails, (30, 4))
        flagged += any(
            item.odd and item.difference > 0
            for machines in find_deviations(make_cells(logs), level=0.1).values()
            for item in machines.values()
        )
    assert flagged / 200 <= 0.1
