from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pytest

from bench.compare.cells import Evidence, judge_cells
from bench.records.verdict import ASSUMED_SCATTER, CellVerdict, Criteria, HostMovement, RunScatter
from bench.stats.metrics import repetition_values
from tests.benchmarks.hosts import HOSTS, interleave
from tests.builders import CASE, make_cell, make_instance, make_measurement, make_repetition

CALM = RunScatter(ratio=0.001, runs=None, source="a test")
STEADY = (0.100, 0.1004, 0.0996, 0.1002, 0.0998, 0.1001, 0.0999, 0.1003)


def evidence(base: Sequence[float], new: Sequence[float], **values: object) -> Evidence:
    one = Evidence(
        case=CASE,
        layout="latency",
        base="0000-a",
        new="0000-a",
        base_s=dict(enumerate(base)),
        new_s=dict(enumerate(new)),
    )
    return msgspec.structs.replace(one, **values)


def judge(*evidences: Evidence, scatter: RunScatter | None = CALM) -> list[CellVerdict]:
    return [one.verdict for one in judge_cells(evidences, Criteria(), scatter)]


def times(factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in STEADY)


@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(1.05, "slower"), (0.95, "faster"), (1.0, "equivalent"), (1.005, "equivalent")],
    ids=["5% longer", "5% shorter", "equal", "0.5% longer"],
)
def test_steady_repetitions_get_the_verdict_that_is_true(
    factor: float, outcome: str, scatter: RunScatter | None
) -> None:
    verdict = judge(evidence(STEADY, times(factor)), scatter=scatter)[0]
    assert verdict.outcome == outcome
    assert verdict.ratio is not None
    assert verdict.ratio.low <= factor <= verdict.ratio.high
    assert verdict.ratio.point == pytest.approx(factor)


def test_a_difference_within_the_margin_is_said_and_is_no_regression() -> None:
    verdict = judge(evidence(STEADY, times(1.01)), scatter=None)[0]
    assert (verdict.outcome, verdict.notes) == ("equivalent", ("a difference is shown, and is within the margin",))


def test_without_calibration_a_run_apart_shows_no_2_percent() -> None:
    verdict = judge(evidence(STEADY, times(1.03)), scatter=ASSUMED_SCATTER)[0]
    assert verdict.outcome == "no_difference_shown"
    assert verdict.detectable_ratio is not None
    assert verdict.detectable_ratio > 0.03
    assert f"a change below {verdict.detectable_ratio:.1%} would mostly be missed" in verdict.reasons[0]


def test_few_runs_of_calibration_are_trusted_less_than_many() -> None:
    wide, narrow = (
        judge(evidence(STEADY, times(1.03)), scatter=RunScatter(ratio=0.01, runs=runs, source="a test"))[0].ratio
        for runs in (3, 30)
    )
    assert wide is not None
    assert narrow is not None
    assert wide.half_width_ratio > narrow.half_width_ratio


@pytest.mark.parametrize(
    ("base", "new"), [(STEADY[:4], times(1.5)), (STEADY, times(1.5)[:4]), ((), ())], ids=["base", "new", "neither"]
)
@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
def test_too_few_repetitions_get_no_verdict_and_say_so(
    base: Sequence[float], new: Sequence[float], scatter: RunScatter | None
) -> None:
    verdict = judge(evidence(base, new), scatter=scatter)[0]
    assert (verdict.outcome, verdict.ratio) == ("no_difference_shown", None)
    assert "too few" in verdict.reasons[0]
    assert (verdict.base_repetitions, verdict.new_repetitions) == (len(base), len(new))


def test_a_difference_that_the_probes_show_too_is_the_hosts() -> None:
    moved = HostMovement(compute_ratio=1.06, bandwidth_ratio=1.01)
    verdict = judge(evidence(STEADY, times(1.05), host_movement=moved))[0]
    assert verdict.outcome == "no_difference_shown"
    assert "its probes took +6.0% (compute) and +1.0% (memory bandwidth) longer" in verdict.reasons[0]


def test_a_host_that_sped_up_does_not_excuse_a_slower_cell() -> None:
    moved = HostMovement(compute_ratio=0.94, bandwidth_ratio=1.0)
    assert judge(evidence(STEADY, times(1.05), host_movement=moved))[0].outcome == "slower"


def test_interleaved_repetitions_are_paired_by_their_index() -> None:
    base = {index: value for index, value in enumerate(STEADY) if index != 2}
    new = {index: value for index, value in enumerate(times(1.05)) if index != 5}
    verdict = judge(evidence(STEADY, STEADY, base_s=base, new_s=new), scatter=None)[0]
    assert (verdict.outcome, verdict.base_repetitions, verdict.new_repetitions) == ("slower", 6, 6)


def test_drift_that_both_of_a_pair_share_does_not_hide_a_difference() -> None:
    drift = np.linspace(1.0, 1.3, len(STEADY))
    pair = evidence(tuple(STEADY * drift), tuple(np.array(times(1.05))[::-1] * drift))
    assert judge(pair, scatter=None)[0].outcome == "slower"
    assert judge(pair)[0].outcome == "no_difference_shown"


@pytest.mark.parametrize("outcome", ["slower", "faster"])
def test_a_difference_that_only_ranks_show_is_a_verdict_and_says_so(outcome: str) -> None:
    pair = interleave(HOSTS["two speeds"], np.random.default_rng(1), 50, 0.025)
    sides = (pair.base_s, pair.new_s) if outcome == "slower" else (pair.new_s, pair.base_s)
    verdict = judge(evidence(*sides), scatter=None)[0]
    assert verdict.ratio is not None
    assert verdict.ratio.low < 1 < verdict.ratio.high
    assert verdict.outcome == outcome
    (note,) = verdict.notes
    assert note.startswith(f"shown by ranks: new's repetition is the {outcome} one in 7")


def test_many_cells_ask_more_of_each() -> None:
    alone = judge(evidence(STEADY, times(1.05)))[0]
    among = judge(evidence(STEADY, times(1.05)), *[evidence(STEADY, STEADY)] * 9)[0]
    assert alone.level == pytest.approx(10 * (among.level or 0))
    assert among.p_value == pytest.approx(10 * (alone.p_value or 0))


def test_five_of_one_speed_each_prove_nothing_where_other_cells_run_at_two() -> None:
    slow, fast, both = (0.108, 0.1081, 0.1079, 0.1082, 0.1078), STEADY[:5], (0.1, 0.108, 0.1, 0.108, 0.108)
    assert judge(evidence(fast, slow), scatter=ASSUMED_SCATTER)[0].outcome == "slower"
    among = judge(evidence(fast, slow), *[evidence(both, both)] * 9, scatter=ASSUMED_SCATTER)[0]
    assert among.outcome == "no_difference_shown"


def test_a_refused_cell_has_no_number_and_costs_the_others_nothing() -> None:
    refused = evidence(STEADY, times(2.0), refusal="other weights")
    verdicts = judge(refused, evidence(STEADY, times(1.05)))
    assert (verdicts[0].outcome, verdicts[0].ratio, verdicts[0].reasons) == ("not_comparable", None, ("other weights",))
    assert verdicts[1].level == Criteria().false_alarm_level


def test_unequal_numbers_make_no_difference() -> None:
    assert judge(evidence(STEADY[:5], STEADY * 4))[0].outcome == "equivalent"


def test_repetitions_that_remember_one_another_are_said_to_count_for_few() -> None:
    drifting = tuple(0.1 + 0.0002 * place for place in range(12))
    verdict = judge(evidence(drifting, times(1.0)))[0]
    (note,) = verdict.notes
    assert note.endswith("beside a neighbour who stays: of base 12 count for 1.4, of new 8 count for 8.0")
    assert judge(evidence(times(1.0), times(1.0)))[0].notes == ()


def test_invalid_repetitions_are_not_used() -> None:
    good, bad = make_repetition(0, make_instance((0.01,) * 6)), make_repetition(1, make_instance((0.09,) * 6))
    measurement = make_measurement(make_cell(), good, msgspec.structs.replace(bad, invalid=("steal",)))
    assert repetition_values(measurement, make_cell()) == {0: pytest.approx(0.01)}


SCATTERS: Mapping[str, object] = {
    "two speeds": lambda rng, shape: rng.normal(0, 0.003, shape) + 0.08 * (rng.random(shape) < 0.5),
    "heavy tails": lambda rng, shape: 0.01 * rng.standard_t(2, shape),
    "normal": lambda rng, shape: rng.normal(0, 0.02, shape),
}


@pytest.mark.parametrize("name", SCATTERS)
@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
def test_like_against_like_hardly_ever_differs(name: str, scatter: RunScatter | None) -> None:
    rng = np.random.default_rng(1)
    draw = SCATTERS[name]
    alarms = 0
    for _ in range(400):
        base, new = 0.1 * np.exp(draw(rng, (2, 8)))  # type: ignore[operator]
        alarms += judge(evidence(base, new), scatter=scatter)[0].outcome in {"faster", "slower"}
    assert alarms <= 6
