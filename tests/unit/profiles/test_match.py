from collections.abc import Callable

import pytest

from bench.errors import ProfileError, UsageError
from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile, is_generic, require_profile, specificity, why_not
from bench.records.machine import Machine
from bench.records.profile import Match, Profile, Setting
from bench.records.reason import Reason
from tests.builders import make_reason

Build = Callable[..., Machine]

V3 = ("abm", "avx", "avx2", "bmi1", "bmi2", "cx16", "f16c", "fma", "lahf_lm", "movbe", "pni", "popcnt", "sse4_1")
V3 = (*V3, "sse4_2", "ssse3", "xsave")
V4 = (*V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
AMX = (*V4, "avx512_bf16", "avx512_vnni", "avx512_vbmi2", "amx_bf16", "amx_int8", "amx_tile")
ZEN4 = (*V4, "avx512_bf16", "avx512_vnni")
ARM = ("asimd", "asimddp")
SVE = (*ARM, "bf16", "i8mm", "sve")
SVE2 = (*SVE, "sve2")


def profile(name: str, **match: object) -> Profile:
    return Profile(
        name=name,
        summary="A profile of a test",
        match=Match(**({"architecture": "x86_64"} | match)),
        instance_per=Setting(value="node", source="a test", evidence="measured"),
        openmp=Setting(value="gnu", source="a test", evidence="measured"),
        allocator=Setting(value="system", source="a test", evidence="measured"),
    )


def by_name(*profiles: Profile) -> dict[str, Profile]:
    return {profile.name: profile for profile in profiles}


def misfit(condition: str, wanted: str, found: str) -> Reason:
    return make_reason("condition_fails", condition=condition, wanted=wanted, found=found)


def test_flags_that_are_not_shown_are_unknown_and_not_lacking(build_machine: Build) -> None:
    machine = build_machine(isa=())
    assert why_not(profile("x", isa=("avx2", "fma")), machine) == make_reason("isa_flags_unknown", wanted="avx2 fma")
    with pytest.raises(ProfileError, match="this machine does not show its CPU's flags"):
        choose_profile(by_name(profile("x", isa=("avx2",))), machine)


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        pytest.param({}, None, id="architecture alone"),
        pytest.param(
            {"architecture": "aarch64", "vendor": "ARM"},
            misfit("architecture", "aarch64", "x86_64"),
            id="another architecture, named before the vendor",
        ),
        pytest.param({"vendor": "GenuineIntel"}, misfit("vendor", "GenuineIntel", "AuthenticAMD"), id="another vendor"),
        pytest.param({"microarchitecture": ("zen3", "zen4")}, None, id="one of two microarchitectures"),
        pytest.param(
            {"microarchitecture": ("zen2", "zen3")},
            misfit("microarchitecture", "zen2 or zen3", "zen4"),
            id="neither of two microarchitectures",
        ),
        pytest.param({"isa": ("avx2", "avx512f")}, None, id="flags that are there"),
        pytest.param(
            {"isa": ("avx2", "amx_tile", "amx_int8")},
            make_reason("isa_flags_missing", missing="amx_tile amx_int8"),
            id="flags that are not",
        ),
        pytest.param({"system_vendor": "qemu"}, None, id="part of the maker's name, case ignored"),
        pytest.param(
            {"system_vendor": "Amazon"},
            misfit("system_vendor", "Amazon", "another"),
            id="another maker",
        ),
    ],
)
def test_says_the_first_condition_that_fails(
    build_machine: Build, match: dict[str, object], reason: Reason | None
) -> None:
    assert why_not(profile("one", **match), build_machine()) == reason


def test_a_machine_without_a_maker_s_name_fits_no_maker(build_machine: Build) -> None:
    reason = why_not(profile("one", system_vendor="Amazon"), build_machine(system_vendor=None))
    assert reason == misfit("system_vendor", "Amazon", "none")


@pytest.mark.parametrize(
    ("match", "generic"),
    [
        pytest.param({}, True, id="architecture"),
        pytest.param({"isa": ("avx2",)}, True, id="ISA"),
        pytest.param({"vendor": "AuthenticAMD"}, False, id="vendor"),
        pytest.param({"microarchitecture": ("zen4",)}, False, id="microarchitecture"),
        pytest.param({"system_vendor": "QEMU"}, False, id="maker"),
    ],
)
def test_an_emulated_machine_gets_generic_profiles_only(
    build_machine: Build, match: dict[str, object], generic: bool
) -> None:
    one = profile("one", **match)
    reason = why_not(one, build_machine(emulated=True))
    assert is_generic(one) == generic
    assert reason == (None if generic else misfit("emulated", "false", "true"))


LADDER = (
    {},
    {"isa": ("avx2",)},
    {"isa": ("avx2", "fma")},
    {"vendor": "AuthenticAMD"},
    {"vendor": "AuthenticAMD", "isa": ("avx2",)},
    {"microarchitecture": ("zen4",)},
    {"microarchitecture": ("zen4",), "isa": ("avx2",)},
    {"microarchitecture": ("zen4",), "vendor": "AuthenticAMD"},
    {"microarchitecture": ("zen4",), "system_vendor": "QEMU"},
)


@pytest.mark.parametrize("rung", range(1, len(LADDER)))
def test_the_more_specific_of_two_is_chosen(build_machine: Build, rung: int) -> None:
    lower, upper = profile("lower", **LADDER[rung - 1]), profile("upper", **LADDER[rung])
    assert specificity(lower.match) < specificity(upper.match)
    choice = choose_profile(by_name(upper, lower), build_machine())
    assert choice.name == "upper"
    assert choice.why_not == {"lower": Reason(code="less_specific", values={"chosen": "upper"})}
    assert not choice.forced


def test_two_that_fit_equally_well_are_an_error_of_the_data(build_machine: Build) -> None:
    twins = by_name(profile("one", isa=("avx2",)), profile("two", isa=("fma",)))
    with pytest.raises(UsageError, match="profiles one and two both fit this machine and are equally specific"):
        choose_profile(twins, build_machine())


def test_the_reason_says_what_matched(build_machine: Build) -> None:
    one = profile("one", vendor="AuthenticAMD", microarchitecture=("zen4",), isa=("avx2",), system_vendor="QEMU")
    conditions = "architecture=x86_64 vendor=AuthenticAMD microarchitecture=zen4 isa=avx2 system_vendor=QEMU"
    for confidence, code in (("identified", "most_specific"), ("features", "most_specific_by_flags")):
        reason = choose_profile(by_name(one), build_machine(confidence=confidence)).reason
        assert reason == Reason(code=code, values={"conditions": conditions})


def test_where_nothing_fits_the_error_lists_what_generic_profiles_want(build_machine: Build) -> None:
    machine = build_machine(isa=("sse2",), vendor="GenuineIntel", microarchitecture="unknown", emulated=True)
    profiles = by_name(profile("generic", isa=("avx2",)), profile("tuned", vendor="AuthenticAMD"))
    with pytest.raises(ProfileError) as caught:
        choose_profile(profiles, machine)
    assert caught.value.exit_code == 7
    assert str(caught.value) == (
        "no profile fits this machine (x86_64, vendor GenuineIntel, microarchitecture unknown, made by QEMU, emulated): "
        "generic wants the ISA flags avx2, which this CPU lacks; "
        "write one (profiles/README.md), or force one by --profile NAME --force"
    )


def test_a_profile_asked_for_that_fits_is_taken(build_machine: Build) -> None:
    asked, other = profile("asked"), profile("other", isa=("avx2",))
    choice = require_profile(asked, build_machine(), force=True, profiles=by_name(asked, other))
    assert not choice.forced
    assert choice.reason == Reason(code="named", values={"conditions": "architecture=x86_64"})
    assert choice.why_not == {"other": Reason(code="not_named", values={"chosen": "asked"})}


def test_a_profile_asked_for_that_does_not_fit_is_refused(build_machine: Build) -> None:
    asked = profile("asked", vendor="GenuineIntel")
    with pytest.raises(ProfileError) as caught:
        require_profile(asked, build_machine(), force=False, profiles={})
    assert caught.value.exit_code == 7
    assert str(caught.value) == (
        "profile asked does not fit this machine (x86_64, vendor AuthenticAMD, microarchitecture zen4, made by QEMU): "
        "it wants vendor = GenuineIntel, and this machine has AuthenticAMD; use --profile auto, or --force, which is recorded"
    )


def test_force_is_recorded(build_machine: Build) -> None:
    asked = profile("asked", vendor="GenuineIntel")
    others = by_name(profile("arm", architecture="aarch64"))
    choice = require_profile(asked, build_machine(), force=True, profiles=others)
    assert choice.forced
    assert choice.reason == Reason(code="forced")
    assert choice.why_not == {
        "arm": misfit("architecture", "aarch64", "x86_64"),
        "asked": misfit("vendor", "GenuineIntel", "AuthenticAMD"),
    }


INTEL = {"vendor": "GenuineIntel"}
AWS = {"architecture": "aarch64", "vendor": "ARM", "system_vendor": "Amazon EC2"}
AARCH64 = {"architecture": "aarch64", "vendor": "ARM", "system_vendor": None}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"microarchitecture": "zen2", "isa": V3}, "epyc-rome"),
        ({"microarchitecture": "zen3", "isa": V3}, "epyc-milan"),
        ({"microarchitecture": "zen4", "isa": ZEN4}, "epyc-genoa"),
        ({"microarchitecture": "zen4c", "isa": ZEN4}, "epyc-bergamo"),
        ({"microarchitecture": "zen5", "isa": ZEN4}, "epyc-turin"),
        ({"microarchitecture": "zen5c", "isa": ZEN4}, "epyc-turin"),
        (INTEL | {"microarchitecture": "skylake_avx512", "isa": V4}, "xeon-skx"),
        (INTEL | {"microarchitecture": "cascadelake", "isa": AMX}, "xeon-clx"),
        (INTEL | {"microarchitecture": "icelake", "isa": AMX}, "xeon-icx"),
        (INTEL | {"microarchitecture": "sapphirerapids", "isa": AMX}, "xeon-spr"),
        (INTEL | {"microarchitecture": "emeraldrapids", "isa": AMX}, "xeon-emr"),
        (INTEL | {"microarchitecture": "graniterapids", "isa": AMX}, "xeon-gnr"),
        (INTEL | {"microarchitecture": "sierraforest", "isa": (*V3, "avx_vnni")}, "xeon-srf"),
        (AWS | {"microarchitecture": "neoverse_n1", "isa": ARM}, "graviton2"),
        (AWS | {"microarchitecture": "neoverse_v1", "isa": SVE}, "graviton3"),
        (AWS | {"microarchitecture": "neoverse_v2", "isa": SVE2}, "graviton4"),
        (AARCH64 | {"microarchitecture": "neoverse_n1", "isa": ARM}, "ampere-altra"),
        (AARCH64 | {"microarchitecture": "ampere1a", "isa": (*ARM, "bf16", "i8mm")}, "ampereone"),
        (AARCH64 | {"microarchitecture": "neoverse_v2", "isa": (*SVE2, "sm3", "sm4")}, "nvidia-grace"),
        (
            AARCH64
            | {"microarchitecture": "neoverse_v2", "isa": (*SVE2, "sm3", "sm4", "rng"), "system_vendor": "Google"},
            "google-axion",
        ),
        (
            AARCH64 | {"microarchitecture": "neoverse_n2", "isa": SVE2, "system_vendor": "Microsoft Corporation"},
            "azure-cobalt-100",
        ),
        (INTEL | {"microarchitecture": "unknown", "isa": V4, "confidence": "features"}, "generic-x86-64-v4"),
        (INTEL | {"microarchitecture": "unknown", "isa": V3}, "generic-x86-64-v3"),
        (AARCH64 | {"microarchitecture": "cortex_a72", "isa": ("asimd",)}, "generic-arm64"),
        (AWS | {"microarchitecture": "neoverse_v1", "isa": SVE, "emulated": True}, "generic-arm64"),
        (INTEL | {"microarchitecture": "sapphirerapids", "isa": ZEN4}, "generic-x86-64-v4"),
    ],
)
def test_the_shipped_profile_for_a_machine(build_machine: Build, fields: dict[str, object], name: str) -> None:
    profiles = load_profiles()
    choice = choose_profile(profiles, build_machine(**fields))
    assert choice.name == name
    assert set(choice.why_not) == set(profiles) - {name}
    assert all(choice.why_not.values())


def test_no_shipped_profile_fits_a_cpu_before_avx2(build_machine: Build) -> None:
    with pytest.raises(ProfileError, match=r"generic-x86-64-v3 wants the ISA flags .* which this CPU lacks"):
        choose_profile(load_profiles(), build_machine(isa=("avx", "sse4_2"), microarchitecture="unknown"))
