"""A race: successive halving over arms whose repetitions are interleaved. Pure.

After each rung an arm falls if its interval lies wholly above the best one's, or if it is in the slower half: so the
number of rungs and their time are known beforehand. An arm that falls wrongly costs some speed, and never a wrong
claim: what is told rests on the trial alone, in fresh processes.

Method: Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization (AISTATS 2016).
"""

from collections.abc import Sequence
from math import ceil, log2

from bench.records.summary import Interval
from bench.records.tuning import ArmResult, Limit, Settings, Standing
from bench.tune.costs import ArmCosts
from bench.tune.limits import may_race
from bench.tune.ratios import compare_costs, mean_costs

RACE_LEVEL = 0.05
"""Share of rungs in which an arm that is as fast as the best is called slower."""


OVER_LIMIT: Standing = "over_limit"


def count_rungs(arms: int) -> int:
    """Return how many rungs leave one of so many racing arms."""
    return ceil(log2(arms)) if arms > 1 else 0


def judge_race(arms: Sequence[Settings], costs: Sequence[ArmCosts], limit: Limit | None) -> tuple[ArmResult, ...]:
    """Return what became of each arm.

    Args:
        arms: The first is the base, which does not race.
        costs: Of each arm.
        limit: What an arm has to keep.
    """
    means = mean_costs([arm.costs for arm in costs])
    racing = [place for place in range(1, len(arms)) if means[place] is not None]
    within = [place for place in racing if may_race(costs[place], limit)]
    order = sorted(within, key=lambda place: (means[place], place))
    standings: dict[int, Standing] = {0: "base", **dict.fromkeys(set(racing) - set(within), OVER_LIMIT)}
    going_on = ceil((len(arms) - 1) / 2)
    kept = 0
    for place in order:
        if place == order[0]:
            standings[place] = "best"
        elif _is_slower(costs, order[0], place, len(order)):
            standings[place] = "slower"
            continue
        else:
            standings[place] = "kept" if kept < going_on else "halved"
        kept += 1
    return tuple(
        ArmResult(settings=settings, standing=standings.get(place, "no_number"), ratio=_ratio_to_base(costs, place))
        for place, settings in enumerate(arms)
    )


def find_survivors(results: Sequence[ArmResult]) -> list[Settings]:
    """Return the arms that go on, in their order."""
    return [result.settings for result in results if result.standing in {"best", "kept"}]


def _is_slower(costs: Sequence[ArmCosts], best: int, place: int, arms: int) -> bool:
    """Return whether an arm's interval, at its share of the level, lies wholly above the best one's."""
    ratio = compare_costs(costs[best].costs, costs[place].costs, RACE_LEVEL / max(1, arms - 1))
    return ratio is not None and ratio.interval.low > 1


def _ratio_to_base(costs: Sequence[ArmCosts], place: int) -> Interval | None:
    ratio = compare_costs(costs[0].costs, costs[place].costs, RACE_LEVEL) if place else None
    return None if ratio is None else ratio.interval
