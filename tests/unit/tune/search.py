"""A search over a made-up machine: the real decisions, on costs that a rule draws in place of measurements."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from bench.records.tuning import Search, Settings, Tuning, TuningResult
from bench.tune.costs import ArmCosts
from bench.tune.stages import begin_tuning, next_stage

Machine = Callable[[Settings], float]
"""Settings → true cost."""

DIGEST = "sha256:{:064x}"


def begin(arms: Sequence[Settings]) -> Tuning:
    return begin_tuning(Search(aim="latency", budget_s=60, knobs=(), points=len(arms) + 1, unfit=0), arms)


def search(
    arms: Sequence[Settings], machine: Machine, seed: int, *, scatter: float = 0.02, repetitions: int = 12
) -> TuningResult:
    """Return how a search ends, with so many repetitions of each arm in each stage."""
    *_, (_, end) = follow(begin(arms), machine, seed, scatter=scatter, repetitions=repetitions)
    assert isinstance(end, TuningResult)
    return end


def follow(
    tuning: Tuning, machine: Machine, seed: int, *, scatter: float = 0.02, repetitions: int = 12
) -> Iterator[tuple[Tuning, Tuning | TuningResult]]:
    """Yield each stage with what follows it."""
    number, random = 0, Random(seed)  # noqa: S311 - a simulation
    while True:
        costs = draw(tuning.arms, machine, random, scatter=scatter, repetitions=repetitions)
        following = next_stage(tuning, costs, f"20261122T1015{number:02d}Z-0123abcd", DIGEST.format(number))
        yield tuning, following
        if isinstance(following, TuningResult):
            return
        tuning, number = following, number + 1


def draw(
    arms: Sequence[Settings], machine: Machine, random: Random, *, scatter: float, repetitions: int
) -> tuple[ArmCosts, ...]:
    """Return costs that scatter about the true ones, with an hour of the host that all arms of a round share."""
    hours = [random.gauss(0, 0.1) for _ in range(repetitions)]
    return tuple(ArmCosts({i: machine(arm) * 2.718281828 ** (hour + random.gauss(0, scatter)) for i, hour in enumerate(hours)}) for arm in arms)  # fmt: skip


def product_machine(factors: Mapping[tuple[str, str], float]) -> Machine:
    """Return a machine on which each setting multiplies the cost by its own factor, 1 if it has none."""

    def cost(settings: Settings) -> float:
        value = 0.04
        for setting in settings.items():
            value *= factors.get(setting, 1.0)
        return value

    return cost
