"""The space of settings: knobs as users type them or as this machine suggests, and the arms that they make. Pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import msgspec

from bench.errors import BenchError, UsageError
from bench.planning.arms import read_settings
from bench.planning.plan import Planned
from bench.profiles.variables import ALLOWED
from bench.records.plan import Plan
from bench.records.profile import INSTANCE_PER
from bench.records.tuning import AimName, Knob, Settings

ARMS_MAX = 50
"""Arms that race. With more, the first rung alone would use up the time in which all arms could be told apart."""

COUNTED_MAX = 2000
"""Combinations that are planned to find out which of them are the same arm. Of more, some are sampled."""

PlanArm = Callable[[Settings], Planned]
"""Plans the profile's own settings with some changed, or raises why this machine cannot run it."""

Sample = Callable[[Sequence[Knob], int], Iterable[Settings]]
"""Returns so many settings of a space, or fewer."""


class Space(NamedTuple):
    """The arms that race.

    Attributes:
        arms: Each changes something, and no two are the same; those that change less come first.
        points: Different arms that were counted, the profile's own among them.
        unfit: Combinations that this machine cannot run, each with the reason; not those with a variable that nothing
            in them reads.
        sampled: They were too many to race, or to count.
    """

    arms: tuple[Settings, ...]
    points: int
    unfit: tuple[tuple[Settings, str], ...]
    sampled: bool


def parse_knob(text: str) -> Knob:
    """Return a knob from `NAME=VALUE,VALUE`. Values that hold commas are joined by semicolons instead.

    Raises:
        UsageError: it has no such form, or there is no such knob or value.
    """
    name, equals, listed = text.partition("=")
    values = tuple(dict.fromkeys(value.strip() for value in listed.split(";" if ";" in listed else ",")))
    values = values[:-1] if len(values) > 1 and not values[-1] else values
    try:
        knob = msgspec.convert({"name": name, "values": values}, Knob)
    except msgspec.ValidationError as error:
        raise UsageError(f"--knob {text!r} is not NAME=VALUES, such as threads=1,2: {error}") from error
    if not equals or name == "profile":
        raise UsageError(f"--knob {text!r} is not NAME=VALUES, such as threads=1,2 or KMP_BLOCKTIME=0,1,infinite")
    for value in knob.values:
        read_settings({knob.name: value})
    return knob


def merge_knobs(knobs: Sequence[Knob]) -> tuple[Knob, ...]:
    """Return the knobs, each once.

    Raises:
        UsageError: one is given twice.
    """
    names = [knob.name for knob in knobs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--knob {name} is given twice; give all its values at once")
    return tuple(knobs)


def suggest_knobs(
    plan: Plan, aim: AimName, openmp: Sequence[str], allocators: Sequence[str], *, smt: bool
) -> tuple[Knob, ...]:
    """Return the knobs to try where the user names none: few values each, those that most often matter first.

    Args:
        plan: Of the profile's own settings.
        aim: What is to be best.
        openmp: OpenMP runtimes that are installed.
        allocators: Allocators that are installed.
        smt: Some core has several hardware threads.
    """
    own = plan.layouts[0].runtime
    libraries = {
        "openmp": [name for name in openmp if name != own.openmp],
        "allocator": [name for name in allocators if name != own.allocator],
    }
    knobs = [Knob(name=name, values=tuple(values)) for name, values in libraries.items() if values]
    instances = plan.layouts[0].instances
    threads = sum(binding.threads for binding in instances)
    if aim.startswith("throughput") and threads > 1:
        counts = sorted({1, 2, len(instances), max(1, threads // 4), max(1, threads // 2), threads})
        knobs.insert(0, Knob(name="instances", values=tuple(map(str, counts))))
        knobs.append(Knob(name="instance-per", values=INSTANCE_PER))
    elif threads > 3:  # of fewer threads none can be spared
        knobs.append(Knob(name="threads", values=(str(threads // 2),)))
    knobs.append(Knob(name="THP_MEM_ALLOC_ENABLE", values=("1",)))
    if smt:
        knobs.append(Knob(name="siblings", values=("on",)))
    return tuple(knobs)


def build_space(knobs: Sequence[Knob], plan_arm: PlanArm, sample: Sample, arms_max: int = ARMS_MAX) -> Space:
    """Return the arms of a space.

    Two combinations are the same arm if they make the same cells: a value that is the profile's own, or a variable
    that nothing loaded reads. The one that changes fewest settings stands for it.

    Args:
        knobs: The space.
        plan_arm: Plans a combination.
        sample: Chooses arms where there are too many.
        arms_max: As many may race.

    Raises:
        UsageError: a knob has no value that this machine can run.
    """
    counted = prod(len(knob.values) + 1 for knob in knobs) <= COUNTED_MAX
    alone = [{knob.name: value} for knob in knobs for value in knob.values]
    candidates = list_settings(knobs) if counted else [*alone, *sample(knobs, 2 * arms_max)]
    known = {_identify(plan_arm({}).plan)}
    arms: list[Settings] = []
    fit: list[Settings] = []
    unfit: list[tuple[Settings, str]] = []
    for settings in sorted(candidates, key=len):
        try:
            identity = _identify(plan_arm(settings).plan)
        except BenchError as error:
            unfit.append((settings, str(error)))
            continue
        fit.append(settings)
        if identity not in known:
            known.add(identity)
            arms.append(settings)
    _require_fit(alone, fit, unfit)
    told = [(settings, reason) for settings, reason in unfit if not any(map(_is_conditional, settings))]
    if len(arms) <= arms_max:
        return Space(tuple(arms), len(known), tuple(told), sampled=not counted)
    chosen = arms[:arms_max] if not counted else _choose(arms, knobs, sample, arms_max)
    return Space(tuple(chosen), len(known), tuple(told), sampled=True)


def list_settings(knobs: Sequence[Knob]) -> list[Settings]:
    """Return every combination of values that changes something; each knob may also stay as the profile has it."""
    choices = [[(knob.name, value) for value in (None, *knob.values)] for knob in knobs]
    return [
        settings
        for combination in product(*choices)
        if (settings := {name: value for name, value in combination if value is not None})
    ]


def _identify(plan: Plan) -> str:
    """Return what a combination computes and in what surroundings: equal for equal arms."""
    cells = [(cell.case, cell.layout, cell.instances, cell.runtime, cell.environment) for cell in plan.cells]
    return repr(cells)


def _choose(arms: Sequence[Settings], knobs: Sequence[Knob], sample: Sample, arms_max: int) -> list[Settings]:
    """Return as many of the arms as may race: those that are sampled, and each value alone, which ablation needs."""
    distinct = {repr(sorted(arm.items())): arm for arm in arms}
    chosen = {key: arm for key, arm in distinct.items() if len(arm) == 1}
    for settings in sample(knobs, 20 * arms_max):
        key = repr(sorted(settings.items()))
        if len(chosen) < arms_max and key in distinct:
            chosen[key] = distinct[key]
    return list(chosen.values())[:arms_max]


def _require_fit(alone: Sequence[Settings], fit: Sequence[Settings], unfit: Sequence[tuple[Settings, str]]) -> None:
    """Refuse a value that this machine can run neither alone nor with any other: the user meant something by it."""
    runnable = {setting for settings in fit for setting in settings.items()}
    for settings, reason in unfit:
        if settings in alone and not settings.items() <= runnable:
            name, value = next(iter(settings.items()))
            raise UsageError(f"--knob {name}={value}: {reason}")


def _is_conditional(name: str) -> bool:
    """Return whether a knob is a variable, which only some runtimes or allocators read: beside others it is no arm."""
    return name in ALLOWED
