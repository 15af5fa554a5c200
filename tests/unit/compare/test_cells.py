from collections.abc import Mapping, Sequence
from math import inf

import numpy as np
import pytest
from msgspec.structs import replace

from bench.compare.cells import judge_pairs, judge_runs
from bench.compare.evidence import Evidence, read_values
from bench.records.reason import Reason
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, CellVerdict, Criteria, HostChange
from bench.stats.variance import Variance
from tests.benchmarks.hosts import HOSTS, interleave
from tests.builders import CASE, make_cell, make_instance, make_measurement, make_repetition

CALM = Variance(value=0.001**2, degrees_of_freedom=inf)
USUAL = Variance(value=0.015**2, degrees_of_freedom=6.0)
CRITERIA = Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO)
STEADY = (0.100, 0.1004, 0.0996, 0.1002, 0.0998, 0.1001, 0.0999, 0.1003)


def evidence(base: Sequence[float], new: Sequence[float], **values: object) -> Evidence:
    cell = Evidence(
        case=CASE,
        layout="latency",
        base="0000-a",
        new="0000-a",
        base_values=(dict(enumerate(base)),),
        new_values=(dict(enumerate(new)),),
    )
    return replace(cell, **values)


def judge(*evidences: Evidence, scatter: Variance | None = CALM) -> list[CellVerdict]:
    if scatter is None:
        return [cell.verdict for cell in judge_pairs(evidences, CRITERIA)]
    known = [replace(cell, run_scatter=scatter) for cell in evidences]
    return [cell.verdict for cell in judge_runs(known, CRITERIA)]


def codes(reasons: Sequence[Reason]) -> list[str]:
    return [reason.code for reason in reasons]


def move(compute_ratio: float, bandwidth_ratio: float, scatter_ratio: float = 0.0) -> HostChange:
    return HostChange(
        compute_ratio=compute_ratio,
        bandwidth_ratio=bandwidth_ratio,
        compute_scatter_ratio=scatter_ratio,
        bandwidth_scatter_ratio=scatter_ratio,
    )


def times(factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in STEADY)


@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(1.05, "slower"), (0.95, "faster"), (1.0, "equivalent"), (1.005, "equivalent")],
    ids=["5% longer", "5% shorter", "equal", "0.5% longer"],
)
def test_steady_repetitions_get_the_verdict_that_is_true(factor: float, outcome: str, scatter: Variance | None) -> None:
    verdict = judge(evidence(STEADY, times(factor)), scatter=scatter)[0]
    assert verdict.outcome == outcome
    assert verdict.ratio is not None
    assert verdict.ratio.low <= factor <= verdict.ratio.high
    assert verdict.ratio.point == pytest.approx(factor)


def test_a_difference_within_the_margin_is_said_and_is_no_regression() -> None:
    verdict = judge(evidence(STEADY, times(1.01)), scatter=None)[0]
    assert (verdict.outcome, codes(verdict.notes)) == ("equivalent", ["difference_within_margin"])


def test_two_runs_that_scatter_as_is_usual_show_no_2_percent() -> None:
    verdict = judge(evidence(STEADY, times(1.03)), scatter=USUAL)[0]
    assert verdict.outcome == "no_difference_shown"
    assert verdict.detectable_ratio is not None
    assert verdict.detectable_ratio > 0.03
    (reason,) = verdict.reasons
    assert reason.code == "neither_shown"
    assert reason.values == {
        "margin_percent": "2",
        "detectable_percent": f"{100 * verdict.detectable_ratio:.1f}",
    }
    assert verdict.run_scatter_ratio == pytest.approx(0.015)


def test_a_scatter_that_few_runs_showed_widens_the_interval() -> None:
    wide, narrow = (
        judge(evidence(STEADY, times(1.03)), scatter=Variance(value=1e-4, degrees_of_freedom=known))[0].ratio
        for known in (3, 30)
    )
    assert wide is not None
    assert narrow is not None
    assert wide.half_width_ratio > narrow.half_width_ratio


@pytest.mark.parametrize(
    ("base", "new"), [(STEADY[:4], times(1.5)), (STEADY, times(1.5)[:4]), ((), ())], ids=["base", "new", "neither"]
)
def test_too_few_repetitions_get_no_verdict_and_say_so(base: Sequence[float], new: Sequence[float]) -> None:
    apart, paired = judge(evidence(base, new))[0], judge(evidence(base, new), scatter=None)[0]
    assert [(verdict.outcome, verdict.ratio) for verdict in (apart, paired)] == [("no_difference_shown", None)] * 2
    assert apart.reasons == (
        Reason(code="too_few_repetitions", values={"base": str(len(base)), "new": str(len(new)), "wanted": "5"}),
    )
    assert (apart.base_repetitions, apart.new_repetitions) == (len(base), len(new))
    pairs = min(len(base), len(new))
    assert paired.reasons == (Reason(code="too_few_pairs", values={"pairs": str(pairs), "wanted": "5"}),)
    assert paired.base_repetitions == pairs


def test_a_difference_that_the_probes_show_too_is_the_hosts() -> None:
    verdict = judge(evidence(STEADY, times(1.05), host_change=move(1.06, 1.01)))[0]
    assert verdict.outcome == "no_difference_shown"
    assert verdict.reasons == (
        Reason(code="host_changed", values={"compute_percent": "+6.0", "bandwidth_percent": "+1.0"}),
    )


def test_a_host_that_changed_and_not_scatter_is_why_equal_runs_are_not_called_equivalent() -> None:
    verdict = judge(evidence(STEADY, STEADY, host_change=move(1.01, 1.06)))[0]
    assert verdict.outcome == "no_difference_shown"
    values = {"compute_percent": "+1.0", "bandwidth_percent": "+6.0", "margin_percent": "2"}
    assert verdict.reasons == (Reason(code="host_hides_equivalence", values=values),)


def test_what_probes_scatter_by_themselves_excuses_nothing() -> None:
    verdict = judge(evidence(STEADY, times(1.05), host_change=move(1.06, 1.4, scatter_ratio=0.5)))[0]
    assert verdict.outcome == "slower"
    assert judge(evidence(STEADY, STEADY, host_change=move(0.7, 1.4, scatter_ratio=0.5)))[0].outcome == "equivalent"


def test_a_host_that_sped_up_does_not_excuse_a_slower_cell() -> None:
    alone, beside = (judge(evidence(STEADY, times(1.05), host_change=change))[0] for change in (None, move(0.94, 0.7)))
    assert beside.outcome == alone.outcome == "slower"
    assert beside.detectable_ratio == alone.detectable_ratio
    assert alone.detectable_ratio is not None
    assert alone.detectable_ratio < 0.05


def test_a_host_that_slowed_down_does_not_excuse_a_faster_cell() -> None:
    alone, beside = (judge(evidence(times(1.05), STEADY, host_change=change))[0] for change in (None, move(1.06, 1.4)))
    assert beside.outcome == alone.outcome == "faster"
    assert beside.detectable_ratio == alone.detectable_ratio


def test_what_would_be_shown_either_way_allows_for_a_host_that_moved_either_way() -> None:
    still, moved = (judge(evidence(STEADY, STEADY, host_change=change))[0] for change in (None, move(0.7, 1.0)))
    assert moved.outcome == "no_difference_shown"
    assert still.detectable_ratio is not None
    assert moved.detectable_ratio == pytest.approx((1 + still.detectable_ratio) / 0.7 - 1)


def test_interleaved_repetitions_are_paired_by_their_index() -> None:
    base = {index: value for index, value in enumerate(STEADY) if index != 2}
    new = {index: value for index, value in enumerate(times(1.05)) if index != 5}
    verdict = judge(evidence(STEADY, STEADY, base_values=(base,), new_values=(new,)), scatter=None)[0]
    assert (verdict.outcome, verdict.base_repetitions, verdict.new_repetitions) == ("slower", 6, 6)


def test_drift_that_both_of_a_pair_share_does_not_hide_a_difference() -> None:
    drift = np.linspace(1.0, 1.3, len(STEADY))
    pair = evidence(tuple(STEADY * drift), tuple(np.array(times(1.05))[::-1] * drift))
    assert judge(pair, scatter=None)[0].outcome == "slower"
    assert judge(pair)[0].outcome == "no_difference_shown"


@pytest.mark.parametrize("outcome", ["slower", "faster"])
def test_a_difference_that_only_ranks_show_is_a_verdict_and_says_so(outcome: str) -> None:
    base, new = interleave(HOSTS["two speeds"], np.random.default_rng(1), 1, 50)
    sides = (base[0], new[0] * 1.025) if outcome == "slower" else (new[0] * 1.025, base[0])
    verdict = judge(evidence(*sides), scatter=None)[0]
    assert verdict.ratio is not None
    assert verdict.ratio.low < 1 < verdict.ratio.high
    assert verdict.outcome == outcome
    (note,) = verdict.notes
    assert (note.code, note.values["outcome"]) == ("shown_by_ranks", outcome)
    assert note.values["share_percent"].startswith("7")


def test_many_cells_ask_more_of_each() -> None:
    alone = judge(evidence(STEADY, times(1.05)))[0]
    among = judge(evidence(STEADY, times(1.05)), *[evidence(STEADY, STEADY)] * 9)[0]
    assert alone.level == pytest.approx(10 * (among.level or 0))
    assert among.p_value == pytest.approx(10 * (alone.p_value or 0))


def test_five_of_one_speed_each_prove_nothing_where_other_cells_run_at_two() -> None:
    slow, fast, both = (0.108, 0.1081, 0.1079, 0.1082, 0.1078), STEADY[:5], (0.1, 0.108, 0.1, 0.108, 0.108)
    assert judge(evidence(fast, slow), scatter=CALM)[0].outcome == "slower"
    among = judge(evidence(fast, slow), *[evidence(both, both)] * 9, scatter=CALM)[0]
    assert among.outcome == "no_difference_shown"


def test_a_refused_cell_has_no_number_and_costs_the_others_nothing() -> None:
    weights = (Reason(code="differs", values={"field": "weights_digest", "base": "a", "new": "b"}),)
    refused = evidence(STEADY, times(2.0), refusals=weights)
    verdicts = judge(refused, evidence(STEADY, times(1.05)))
    assert (verdicts[0].outcome, verdicts[0].ratio, verdicts[0].reasons) == ("not_comparable", None, weights)
    assert verdicts[1].level == CRITERIA.false_alarm_level


def test_unequal_numbers_make_no_difference() -> None:
    assert judge(evidence(STEADY[:5], STEADY * 4))[0].outcome == "equivalent"


def test_equivalence_of_one_cell_needs_no_more_among_many() -> None:
    alone = judge(evidence(STEADY, times(1.005)))[0]
    among = judge(evidence(STEADY, times(1.005)), *[evidence(STEADY, STEADY)] * 9)[0]
    assert among.equivalence_p_value == pytest.approx(alone.equivalence_p_value)


def test_several_runs_of_a_side_show_what_one_does_not() -> None:
    one = judge(evidence(STEADY, times(1.05)), scatter=USUAL)[0]
    runs = evidence(STEADY, STEADY, base_values=(dict(enumerate(STEADY)),) * 5, new_values=(dict(enumerate(times(1.05))),) * 5)  # fmt: skip
    several = judge(runs, scatter=USUAL)[0]
    assert (one.outcome, several.outcome) == ("no_difference_shown", "slower")
    assert (several.base_repetitions, several.new_repetitions) == (40, 40)


def test_autocorrelated_repetitions_are_said_to_count_for_few() -> None:
    drifting = tuple(0.1 + 0.0002 * place for place in range(12))
    verdict = judge(evidence(drifting, times(1.0)))[0]
    (note,) = verdict.notes
    assert note == Reason(
        code="autocorrelated",
        values={"base": "12", "base_effective": "1.6", "new": "8", "new_effective": "1.1"},
    )
    assert judge(evidence(times(1.0), times(1.0)))[0].notes == ()


def test_invalid_repetitions_are_not_used() -> None:
    good, bad = make_repetition(0, make_instance((0.01,) * 6)), make_repetition(1, make_instance((0.09,) * 6))
    measurement = make_measurement(make_cell(), good, replace(bad, invalid=("steal",)))
    assert read_values(measurement, make_cell()) == {0: pytest.approx(0.01)}
    assert read_values(None, make_cell()) == {}


def test_a_change_that_cannot_be_measured_is_named_by_a_number_that_can_be_printed() -> None:
    unknown = Variance(value=1.0, degrees_of_freedom=1.0)
    (reason,) = judge(evidence(STEADY, STEADY), scatter=unknown)[0].reasons
    assert reason.values["detectable_percent"] == "900.0"


def test_the_scatter_between_runs_that_was_allowed_for_is_recorded() -> None:
    assert judge(evidence(STEADY, STEADY), scatter=USUAL)[0].run_scatter_ratio == pytest.approx(0.015)
    assert judge(evidence(STEADY, STEADY), scatter=None)[0].run_scatter_ratio is None


def test_a_host_that_changed_prevents_a_claim_of_equivalence() -> None:
    verdict = judge(evidence(STEADY, STEADY, host_change=move(1.06, 1.0)))[0]
    assert verdict.outcome == "no_difference_shown"


def test_interleaved_cells_lend_one_another_degrees_of_freedom() -> None:
    pair = evidence(STEADY[:5], times(1.01)[3:])
    alone, among = judge(pair, scatter=None)[0], judge(*[pair] * 9, scatter=None)[0]
    assert alone.equivalence_p_value is not None
    assert among.equivalence_p_value is not None
    assert among.equivalence_p_value < alone.equivalence_p_value


SCATTERS: Mapping[str, object] = {
    "two speeds": lambda rng, shape: rng.normal(0, 0.003, shape) + 0.08 * (rng.random(shape) < 0.5),
    "heavy tails": lambda rng, shape: 0.01 * rng.standard_t(2, shape),
    "normal": lambda rng, shape: rng.normal(0, 0.02, shape),
}


@pytest.mark.parametrize("name", SCATTERS)
@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
def test_like_against_like_hardly_ever_differs(name: str, scatter: Variance | None) -> None:
    rng = np.random.default_rng(1)
    draw = SCATTERS[name]
    alarms = 0
    for _ in range(400):
        base, new = 0.1 * np.exp(draw(rng, (2, 8)))  # type: ignore[operator]
        alarms += judge(evidence(base, new), scatter=scatter)[0].outcome in {"faster", "slower"}
    assert alarms <= 6
