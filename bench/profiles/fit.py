"""Fit profiles to a machine: which apply, and the layouts that each gives."""

from collections.abc import Mapping

from bench.profiles.match import why_not
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.records.machine import Machine
from bench.records.profile import LAYOUTS, Layout, Profile
from bench.records.reason import Reason
from bench.records.record import Record


class Fit(Record, frozen=True, kw_only=True):
    """A profile beside a machine.

    Attributes:
        profile: Its name.
        why_not: The first of its conditions that fails; None if it fits.
        layouts: What it gives there; none if it does not fit.
    """

    profile: str
    why_not: Reason | None
    layouts: tuple[Layout, ...]


def fit_profiles(profiles: Mapping[str, Profile], machine: Machine) -> tuple[Fit, ...]:
    """Return how each profile fits, in their order.

    Raises:
        MachineError: the machine has no core to run on.
    """
    return tuple(_fit(profile, machine) for profile in profiles.values())


def _fit(profile: Profile, machine: Machine) -> Fit:
    misfit = why_not(profile, machine)
    layouts = resolve_layouts(profile, machine, LAYOUTS, Overrides()) if misfit is None else ()
    return Fit(profile=profile.name, why_not=misfit, layouts=layouts)
