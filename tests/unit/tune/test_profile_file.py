"""The profile of a tuning: what helps is measured, the rest is as it was, and bench reads and uses it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import OutputError, UsageError
from bench.planning.arms import plan_arms
from bench.profiles.check import check_profile_file
from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.profiles.variables import variables_for
from bench.records.bundle import Contents
from bench.records.profile import LayoutName, Placement, Profile
from bench.records.request import Request
from bench.records.suite import CaseFilter
from bench.records.summary import Interval
from bench.records.tuning import Gain, Knob, SettingGain, Settings, TuningResult
from bench.tune.profile_file import make_profile, narrow_match, require_profile_path, write_profile
from tests.builders import DIGEST, HEADING
from tests.unit.tune.bundles import make_stage, make_tuning
from tests.unit.verification.planned import CATALOGUE, MACHINE, SUITE

RATIO = Interval(point=1.1, low=1.05, high=1.15)
KNOBS = tuple(
    Knob(name=name, values=values)
    for name, values in {
        "openmp": ("gnu",),
        "allocator": ("system",),
        "OMP_WAIT_POLICY": ("ACTIVE",),
        "threads": ("1",),
        "siblings": ("on",),
        "instances": ("4",),
        "instance-per": ("l3",),
        "memory-nodes": ("0",),
        "backend": ("torchscript",),
    }.items()
)


def make_result(settings: Settings) -> TuningResult:
    gain = Gain(settings=settings, ratio=Interval(point=0.8, low=0.75, high=0.85), p_value=0, pairs=9, shown=True)
    kept = tuple(
        SettingGain(name=name, value=value, ratio=RATIO, p_value=0, kept=True) for name, value in settings.items()
    )
    return TuningResult(outcome="gain", gain=gain, settings=kept)


def make_ended(settings: Settings) -> Contents:
    tuning = replace(make_tuning("confirm", ({}, settings), ()), knobs=KNOBS)
    return make_stage(tuning)


def make(settings: Settings) -> Profile:
    known = load_profiles().values()
    return make_profile("tuned", make_ended(settings), DIGEST, make_result(settings), known)


def test_what_helps_is_measured_and_names_the_bundle_and_the_interval() -> None:
    profile = make({"openmp": "gnu", "OMP_WAIT_POLICY": "ACTIVE"})
    variable = profile.environment[-1]
    for setting, value in ((profile.openmp, "gnu"), (variable, "ACTIVE")):
        assert (setting.value, setting.evidence) == (value, "measured")
        assert (setting.bundle, setting.ratio) == (DIGEST, (1.05, 1.1, 1.15))
    assert profile.allocator == load_profiles()["xeon-spr"].allocator
    assert "+25.0%" in profile.summary
    assert DIGEST in profile.summary


def test_a_variable_that_the_new_runtime_does_not_read_is_left_out() -> None:
    assert "KMP_BLOCKTIME" in {setting.name for setting in load_profiles()["xeon-spr"].environment}
    assert [setting.name for setting in make({"openmp": "gnu"}).environment] == []


@pytest.mark.parametrize(
    ("settings", "layout"),
    [
        ({"openmp": "gnu", "allocator": "system", "OMP_WAIT_POLICY": "ACTIVE"}, "latency"),
        ({"threads": "1"}, "latency"),
        ({"siblings": "on"}, "latency"),
    ],
    ids=["libraries and variables", "threads", "hardware threads"],
)
def test_the_profile_makes_the_cells_that_were_measured(settings: Settings, layout: LayoutName) -> None:
    profile = make(settings)
    request = Request(suite=SUITE, profile="auto", wanted=CaseFilter(), layouts=(layout,))
    arm = plan_arms(request, [settings], MACHINE, CATALOGUE, HEADING).plan.layouts[0]
    (made,) = resolve_layouts(profile, MACHINE, (layout,), Overrides())
    assert (made.instances, made.runtime) == (arm.instances, arm.runtime)
    if "OMP_WAIT_POLICY" in settings:
        assert variables_for(profile, made.runtime)["OMP_WAIT_POLICY"] == "ACTIVE"


def test_a_user_s_numbers_come_before_the_profile_s() -> None:
    profile = make({"threads": "1"})
    (asked,) = resolve_layouts(profile, MACHINE, ("latency",), Overrides(threads=2))
    assert asked.instances[0].threads == 2
    (named,) = resolve_layouts(profile, MACHINE, ("latency",), Overrides(cpus=frozenset({0, 1})))
    assert named.instances[0].threads == 2
    (other,) = resolve_layouts(profile, MACHINE, ("throughput",), Overrides())
    assert {binding.threads for binding in other.instances} == {2}


def test_it_is_written_read_and_chosen_on_this_kind_of_machine(tmp_path: Path) -> None:
    settings: Settings = {"openmp": "gnu", "threads": "1"}
    path = tmp_path / "tuned.toml"
    written = write_profile(path, make_ended(settings), DIGEST, make_result(settings))
    assert written == check_profile_file(path) == make(settings)
    profiles = load_profiles() | {"tuned": make(settings)}
    assert choose_profile(profiles, MACHINE).name == "tuned"


def test_what_an_instance_fills_takes_the_place_of_how_many_there_are() -> None:
    placed = Placement(layout="throughput", instances=4, siblings="on", source="a test", evidence="derived")
    contents = make_ended({"threads": "1"})
    (layout,) = contents.plan.layouts
    plan = replace(contents.plan, layouts=(replace(layout, name="throughput"),))
    contents = replace(contents, plan=plan, profile=replace(contents.profile, placement=(placed,)))
    settings: Settings = {"instance-per": "l3"}
    profile = make_profile("tuned", contents, DIGEST, make_result(settings), ())
    assert (profile.instance_per.value, profile.instance_per.evidence) == ("l3", "measured")
    assert profile.placement == (replace(placed, instances=None),)


def test_its_summary_names_what_was_measured_beside_it_and_no_profile_holds() -> None:
    settings: Settings = {"openmp": "gnu", "memory-nodes": "0", "backend": "torchscript"}
    assert "; measured with backend=torchscript memory-nodes=0, which no profile holds, " in make(settings).summary


def test_settings_that_were_not_taken_back_name_the_bundle_and_no_ratio() -> None:
    settings: Settings = {"openmp": "gnu"}
    result = replace(make_result(settings), outcome="within_limit", settings=())
    profile = make_profile("tuned", make_ended(settings), DIGEST, result, ())
    assert (profile.openmp.bundle, profile.openmp.ratio) == (DIGEST, None)
    assert "measured together with the other settings" in profile.openmp.source


def test_settings_of_the_case_make_no_profile(tmp_path: Path) -> None:
    settings: Settings = {"backend": "torchscript"}
    path = tmp_path / "tuned.toml"
    assert write_profile(path, make_ended(settings), DIGEST, make_result(settings)) is None
    assert not path.exists()


def test_conditions_are_narrowed_until_no_other_profile_has_them() -> None:
    known = [profile.match for profile in load_profiles().values()]
    first = narrow_match(load_profiles()["generic-x86-64-v4"].match, MACHINE.cpu, known)
    assert (first.vendor, first.microarchitecture) == ("GenuineIntel", ("sapphirerapids",))
    again = narrow_match(load_profiles()["generic-x86-64-v4"].match, MACHINE.cpu, [*known, first])
    assert set(again.isa) > set(first.isa)


@pytest.mark.parametrize("name", ["Tuned.toml", "tuned.json", "xeon-spr.toml", "-x.toml"])
def test_a_name_that_no_profile_may_have_is_refused_before_anything_is_measured(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--write-profile"):
        require_profile_path(tmp_path / name)


def test_a_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "tuned.toml").touch()
    with pytest.raises(OutputError):
        require_profile_path(tmp_path / "tuned.toml")
