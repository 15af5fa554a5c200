"""The arms of `bench tune`: settings by the names of knobs, turned into sides that are planned as those of `bench ab`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from bench.errors import UsageError
from bench.launch.plan import WORKER_ARGV
from bench.planning.pairs import Side, VariantOptions, plan_pairs
from bench.planning.plan import Catalogue, Planned
from bench.profiles.variables import ALLOWED
from bench.records.known_values import describe_known
from bench.records.lookup import list_known
from bench.records.machine import Machine
from bench.records.plan import PlanHeading
from bench.records.request import Request
from bench.records.toml_lines import parse_place
from bench.records.tuning import Settings

OPTION_KNOBS: Mapping[str, str] = MappingProxyType(
    {
        "threads": "threads",
        "instances": "instances",
        "siblings": "siblings",
        "instance-per": "instance_per",
        "memory-nodes": "memory_nodes",
        "openmp": "openmp",
        "allocator": "allocator",
        "backend": "backend",
        "memory-format": "memory_format",
        "profile": "profile",
    }
)
"""Knob → option of a side. Every other knob is a variable that a profile may set."""

CASE_KNOBS = frozenset({"backend", "memory-format"})
"""They change what is computed, so they belong to the case, and no profile holds them."""


def read_settings(settings: Settings) -> VariantOptions:
    """Return the options of the side that an arm is.

    Raises:
        UsageError: there is no such knob, or no such value of it; lists what there is.
    """
    options: dict[str, object] = {}
    variables: dict[str, str] = {}
    known = (*OPTION_KNOBS, *ALLOWED)
    for name, value in sorted(settings.items()):  # as they are sealed, so that planning again gives the same
        if name in OPTION_KNOBS:
            options[OPTION_KNOBS[name]] = value
        elif name not in ALLOWED:
            raise UsageError(f"no knob {name!r}; {list_known(name, known)}")
        elif not ALLOWED[name].values.fullmatch(value):
            raise UsageError(f"knob {name} is {value!r}, wanted {ALLOWED[name].wanted}")
        else:
            variables[name] = value
    try:
        return msgspec.convert({**options, "variables": variables}, VariantOptions, strict=False)
    except msgspec.ValidationError as error:
        known_values = describe_known(VariantOptions, str(error), parse_place(str(error)))
        raise UsageError(f"knobs {settings}: {error}{known_values}") from error


def arrange_trial(winner: Settings) -> tuple[Settings, ...]:
    """Return the arms of a trial: the profile's own, the winner, and the winner without each of its settings, by name.

    Without its only setting the winner is the profile's own, which is there already.
    """
    without = [{name: value for name, value in winner.items() if name != left_out} for left_out in sorted(winner)]
    return ({}, winner, *(arm for arm in without if arm))


def plan_arms(
    request: Request,
    arms: Sequence[Settings],
    machine: Machine,
    catalogue: Catalogue,
    heading: PlanHeading,
) -> Planned:
    """Return the plan in which all arms are measured alternately, with the profile of the first.

    Args:
        request: Of the stage.
        arms: The first is the base.
        machine: Where.
        catalogue: What there is to choose from.
        heading: Of the plan.

    Raises:
        UsageError: two arms are the same, or one has a setting that nothing reads.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    sides = [Side(options=read_settings(settings), argv=WORKER_ARGV) for settings in arms]
    return plan_pairs(request, sides, machine, [catalogue] * len(sides), heading)
