from collections.abc import Mapping, Sequence
from math import inf

import msgspec
import numpy as np
import pytest

from bench.compare.cells import judge_pairs, judge_runs
from bench.compare.evidence import Evidence
from bench.records.reason import Reason
from bench.records.verdict import RUNS_MARGIN_RATIO, CellVerdict, Criteria, HostMovement
from bench.stats.run_scatter import combine_with_prior
from bench.stats.variance import Variance
from tests.benchmarks.hosts import HOSTS, interleave
from tests.builders import CASE
from tests.unit.compare.runs import STEADY, times

CALM = Variance(value=0.001**2, degrees_of_freedom=inf)
ASSUMED = combine_with_prior([])
MARGIN = Criteria(margin_ratio=0.02)


def evidence(base: Sequence[float], new: Sequence[float], **values: object) -> Evidence:
    made = Evidence(
        case=CASE,
        layout="latency",
        base="0000-a",
        new="0000-a",
        base_values=(dict(enumerate(base)),),
        new_values=(dict(enumerate(new)),),
    )
    return msgspec.structs.replace(made, **values)


def judge(*evidences: Evidence, scatter: Variance | None = CALM, criteria: Criteria = MARGIN) -> list[CellVerdict]:
    """Verdicts on two runs with this scatter between them, or without one on interleaved sides."""
    judges = judge_pairs if scatter is None else judge_runs
    given = [msgspec.structs.replace(cell, run_scatter=scatter) for cell in evidences]
    return [cell.verdict for cell in judges(given, criteria)]


def moved(compute: float, bandwidth: float = 1.0, scatter: float = 0.0) -> HostMovement:
    return HostMovement(
        compute_ratio=compute,
        bandwidth_ratio=bandwidth,
        compute_scatter_ratio=scatter,
        bandwidth_scatter_ratio=scatter,
    )


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
    assert (verdict.outcome, verdict.notes) == ("equivalent", (Reason(code="difference_within_margin"),))


def test_without_history_two_runs_show_no_3_percent_and_say_what_they_would_show() -> None:
    verdict = judge(evidence(STEADY, times(1.03)), scatter=ASSUMED)[0]
    assert verdict.outcome == "no_difference_shown"
    assert verdict.detectable_ratio is not None
    assert verdict.detectable_ratio > 0.03
    values = {"margin_percent": "2", "detectable_percent": f"{100 * verdict.detectable_ratio:.1f}"}
    assert verdict.reasons == (Reason(code="neither_shown", values=values),)


def test_without_history_equal_runs_are_equivalent_within_the_default_margin_of_runs() -> None:
    runs = Criteria(margin_ratio=RUNS_MARGIN_RATIO)
    assert judge(evidence(STEADY, STEADY), scatter=ASSUMED, criteria=runs)[0].outcome == "equivalent"
    assert judge(evidence(STEADY, STEADY), scatter=ASSUMED)[0].outcome == "no_difference_shown"


def test_a_change_that_cannot_be_measured_is_named_by_a_number_that_can_be_printed() -> None:
    unknown = Variance(value=1.0, degrees_of_freedom=1.0)
    (reason,) = judge(evidence(STEADY, STEADY), scatter=unknown)[0].reasons
    assert reason.values["detectable_percent"] == "900.0"


def test_the_scatter_between_runs_that_was_allowed_for_is_told() -> None:
    assert judge(evidence(STEADY, STEADY), scatter=ASSUMED)[0].run_scatter_ratio == pytest.approx(0.015)
    assert judge(evidence(STEADY, STEADY), scatter=None)[0].run_scatter_ratio is None


def test_scatter_that_few_runs_show_is_trusted_less_than_that_of_many() -> None:
    wide, narrow = (
        judge(evidence(STEADY, times(1.03)), scatter=Variance(value=0.01**2, degrees_of_freedom=number))[0].ratio
        for number in (2, 29)
    )
    assert wide is not None
    assert narrow is not None
    assert wide.half_width_ratio > narrow.half_width_ratio


def test_several_runs_a_side_show_what_one_does_not() -> None:
    base, new = dict(enumerate(STEADY)), dict(enumerate(times(1.06)))
    one, five = (
        judge(evidence((), (), base_values=(base,) * runs, new_values=(new,) * runs), scatter=ASSUMED)[0]
        for runs in (1, 5)
    )
    assert (one.outcome, five.outcome) == ("no_difference_shown", "slower")
    assert (five.base_repetitions, five.new_repetitions) == (40, 40)


def test_each_run_of_a_side_needs_enough_repetitions() -> None:
    runs = tuple(dict(enumerate(values)) for values in (STEADY, STEADY[:4]))
    verdict = judge(evidence((), STEADY, base_values=runs))[0]
    assert verdict.reasons == (Reason(code="too_few_repetitions", values={"base": "4", "new": "8", "wanted": "5"}),)


@pytest.mark.parametrize(
    ("base", "new"), [(STEADY[:4], times(1.5)), (STEADY, times(1.5)[:4]), ((), ())], ids=["base", "new", "neither"]
)
@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
def test_too_few_repetitions_get_no_verdict_and_say_so(
    base: Sequence[float], new: Sequence[float], scatter: Variance | None
) -> None:
    verdict = judge(evidence(base, new), scatter=scatter)[0]
    assert (verdict.outcome, verdict.ratio) == ("no_difference_shown", None)
    pairs = {"pairs": str(min(len(base), len(new)))}
    sides = {"base": str(len(base)), "new": str(len(new))}
    code = "too_few_repetitions" if scatter else "too_few_pairs"
    assert verdict.reasons == (Reason(code=code, values=(sides if scatter else pairs) | {"wanted": "5"}),)
    used = (len(base), len(new)) if scatter else (min(len(base), len(new)),) * 2
    assert (verdict.base_repetitions, verdict.new_repetitions) == used


def test_a_difference_that_the_probes_show_too_is_the_hosts() -> None:
    verdict = judge(evidence(STEADY, times(1.05), host_movement=moved(1.06, 1.01)))[0]
    assert verdict.outcome == "no_difference_shown"
    values = {"compute_percent": "+6.0", "bandwidth_percent": "+1.0"}
    assert verdict.reasons == (Reason(code="host_moved", values=values),)


def test_a_host_that_sped_up_does_not_excuse_a_slower_cell() -> None:
    assert judge(evidence(STEADY, times(1.05), host_movement=moved(0.94)))[0].outcome == "slower"


def test_what_probes_scatter_by_themselves_excuses_nothing() -> None:
    assert judge(evidence(STEADY, times(1.05), host_movement=moved(1.06, scatter=0.07)))[0].outcome == "slower"
    assert judge(evidence(STEADY, STEADY, host_movement=moved(1.06, scatter=0.07)))[0].outcome == "equivalent"


def test_a_host_that_moved_is_held_against_equivalence() -> None:
    assert judge(evidence(STEADY, STEADY, host_movement=moved(1.06)))[0].outcome == "no_difference_shown"


def test_interleaved_repetitions_are_paired_by_their_index() -> None:
    base = {index: value for index, value in enumerate(STEADY) if index != 2}
    new = {index: value for index, value in enumerate(times(1.05)) if index != 5}
    verdict = judge(evidence((), (), base_values=(base,), new_values=(new,)), scatter=None)[0]
    assert (verdict.outcome, verdict.base_repetitions, verdict.new_repetitions) == ("slower", 6, 6)


def test_drift_that_both_of_a_pair_share_does_not_hide_a_difference() -> None:
    drift = np.linspace(1.0, 1.3, len(STEADY))
    pair = evidence(tuple(STEADY * drift), tuple(np.array(times(1.05))[::-1] * drift))
    assert judge(pair, scatter=None)[0].outcome == "slower"
    assert judge(pair)[0].outcome == "no_difference_shown"


@pytest.mark.parametrize("outcome", ["slower", "faster"])
def test_a_difference_that_only_ranks_show_is_a_verdict_and_says_so(outcome: str) -> None:
    base, new = (side[0] for side in interleave(HOSTS["two speeds"], np.random.default_rng(1), 1, 50))
    sides = (base, 1.025 * new) if outcome == "slower" else (1.025 * new, base)
    verdict = judge(evidence(*sides), scatter=None)[0]
    assert verdict.ratio is not None
    assert verdict.ratio.low < 1 < verdict.ratio.high
    assert verdict.outcome == outcome
    (note,) = verdict.notes
    assert (note.code, note.values["outcome"]) == ("shown_by_ranks", outcome)
    assert 60 <= int(note.values["share_percent"]) <= 90


def test_many_cells_ask_more_of_each() -> None:
    alone = judge(evidence(STEADY, times(1.05)))[0]
    among = judge(evidence(STEADY, times(1.05)), *[evidence(STEADY, STEADY)] * 9)[0]
    assert alone.level == pytest.approx(10 * (among.level or 0))
    assert among.p_value == pytest.approx(10 * (alone.p_value or 0))


def test_many_cells_ask_no_more_of_a_claim_of_equivalence() -> None:
    alone = judge(evidence(STEADY, STEADY), scatter=ASSUMED)[0]
    among = judge(*[evidence(STEADY, STEADY)] * 14, scatter=ASSUMED)
    assert {cell.equivalence_p_value for cell in among} == {alone.equivalence_p_value}
    runs = Criteria(margin_ratio=RUNS_MARGIN_RATIO)
    fourteen = judge(*[evidence(STEADY, STEADY)] * 14, scatter=ASSUMED, criteria=runs)
    assert {cell.outcome for cell in fourteen} == {"equivalent"}


def test_interleaved_cells_lend_one_another_degrees_of_freedom() -> None:
    pair = evidence(STEADY[:5], times(1.01)[3:])
    alone, among = judge(pair, scatter=None)[0], judge(*[pair] * 9, scatter=None)[0]
    assert alone.equivalence_p_value is not None
    assert among.equivalence_p_value is not None
    assert among.equivalence_p_value < alone.equivalence_p_value


def test_five_of_one_speed_each_prove_nothing_where_other_cells_run_at_two() -> None:
    slow, fast, both = (0.108, 0.1081, 0.1079, 0.1082, 0.1078), STEADY[:5], (0.1, 0.108, 0.1, 0.108, 0.108)
    assert judge(evidence(fast, slow), scatter=CALM)[0].outcome == "slower"
    among = judge(evidence(fast, slow), *[evidence(both, both)] * 9, scatter=CALM)[0]
    assert among.outcome == "no_difference_shown"


@pytest.mark.parametrize("scatter", [CALM, None], ids=["two runs", "interleaved"])
def test_a_refused_cell_has_no_number_and_costs_the_others_nothing(scatter: Variance | None) -> None:
    reasons = (Reason(code="not_measured"),)
    refused = evidence(STEADY, times(2.0), refusals=reasons)
    verdicts = judge(refused, evidence(STEADY, times(1.05)), scatter=scatter)
    assert (verdicts[0].outcome, verdicts[0].ratio, verdicts[0].reasons) == ("not_comparable", None, reasons)
    assert verdicts[1].level == MARGIN.false_alarm_level


def test_unequal_numbers_make_no_difference() -> None:
    assert judge(evidence(STEADY[:5], STEADY * 4))[0].outcome == "equivalent"


def test_autocorrelated_repetitions_are_said_to_count_for_few() -> None:
    drifting = tuple(0.1 + 0.0002 * index for index in range(12))
    verdict = judge(evidence(drifting, drifting))[0]
    (note,) = verdict.notes
    assert note.code == "autocorrelated"
    assert (note.values["base"], note.values["new"]) == ("12", "12")
    assert float(note.values["base_effective"]) == float(note.values["new_effective"]) < 6
    assert judge(evidence(STEADY, STEADY))[0].notes == ()


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
