from collections.abc import Callable

import pytest

from bench.profiles.fit import fit_profiles
from bench.profiles.load import load_profiles
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.records.machine import Machine
from bench.records.profile import LAYOUTS
from tests.builders import make_reason

Build = Callable[..., Machine]


def test_each_profile_fits_with_its_layouts_or_has_a_reason(build_machine: Build) -> None:
    machine, profiles = build_machine(nodes={0: 4, 1: 4}), load_profiles()
    fits = {fit.profile: fit for fit in fit_profiles(profiles, machine)}
    assert list(fits) == list(profiles)
    assert fits["epyc-genoa"].layouts == resolve_layouts(profiles["epyc-genoa"], machine, LAYOUTS, Overrides())
    assert fits["xeon-spr"].why_not == make_reason("condition_fails", condition="vendor", wanted="GenuineIntel", found="AuthenticAMD")  # fmt: skip
    assert all((fit.why_not is None) == bool(fit.layouts) for fit in fits.values())


@pytest.mark.parametrize("isa", [(), ("sse2",)], ids=["flags not shown", "flags lacking"])
def test_no_profile_may_fit(build_machine: Build, isa: tuple[str, ...]) -> None:
    machine = build_machine(vendor="unknown", microarchitecture="unknown", isa=isa)
    assert not any(fit.layouts for fit in fit_profiles(load_profiles(), machine))
