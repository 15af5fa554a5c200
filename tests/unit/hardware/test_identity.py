from pathlib import Path

import pytest

from bench.hardware.architecture import name_architecture
from bench.hardware.cpuinfo import CpuInfo, parse_cpuinfo
from bench.hardware.identity import hidden_flags, identify, name_by_flags

CPUINFO = Path(__file__).parents[2] / "data" / "machines" / "cpuinfo"

COLLECTED = {
    "archspec-json/linux-amazon-neoverse_n1": "neoverse_n1",
    "archspec-json/linux-asahi-m1": "m1",
    "archspec-json/linux-centos7-cascadelake": "cascadelake",
    "archspec-json/linux-rhel7-haswell": "haswell",
    "archspec-json/linux-rhel7-skylake_avx512": "skylake_avx512",
    "archspec-json/linux-rhel8-neoverse_v1": "neoverse_v1",
    "archspec-json/linux-rhel9-neoverse_v2": "neoverse_v2",
    "archspec-json/linux-rocky8.5-zen4": "zen4",
    "archspec-json/linux-ubuntu20.04-zen3": "zen3",
    "archspec-json/linux-ubuntu22.04-ampere1": "ampere1",
    "archspec-json/linux-ubuntu22.04-neoverse_n2": "neoverse_n2",
    "archspec-json/linux-unknown-sapphirerapids": "sapphirerapids",
    "hrw-arm-socs/ampere-altra": "neoverse_n1",
    "hrw-arm-socs/graviton2": "neoverse_n1",
    "hrw-arm-socs/graviton3": "neoverse_v1",
    "hrw-arm-socs/hisilion-kunpeng-920": "tsv110",
    "hrw-arm-socs/nvidia-grace": "neoverse_v2",
    "hrw-arm-socs/qemu-neoverse-n1": "neoverse_n1",
}

V3 = "sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


def x86(vendor: str, flags: str, family: int | None = None, model: int | None = None) -> CpuInfo:
    lines = [f"vendor_id : {vendor}", f"flags : {flags}"]
    lines += [f"cpu family : {family}"] if family is not None else []
    lines += [f"model : {model}"] if model is not None else []
    return parse_cpuinfo("\n".join(["processor : 0", *lines]))


@pytest.mark.parametrize(("name", "microarchitecture"), COLLECTED.items(), ids=COLLECTED)
def test_names_collected_cpus(name: str, microarchitecture: str) -> None:
    info = parse_cpuinfo((CPUINFO / name).read_text(encoding="utf-8"))
    identity = identify(info, "aarch64" if name_architecture(info) == "aarch64" else "x86_64")
    assert (identity.microarchitecture, identity.confidence) == (microarchitecture, "identified")
    assert hidden_flags(microarchitecture, info.isa or frozenset()) == ()


@pytest.mark.parametrize(
    ("vendor", "flags", "microarchitecture"),
    [
        pytest.param("GenuineIntel", f"{V4} avx512_vnni avx512_vbmi2 avx512_bf16 amx_tile", "sapphirerapids", id="AMX"),
        pytest.param("GenuineIntel", f"{V4} avx512_vnni avx512_vbmi2 avx512_bf16", "sapphirerapids", id="AMX masked"),
        pytest.param("GenuineIntel", f"{V4} avx512_vnni avx512_vbmi2", "icelake", id="VBMI2"),
        pytest.param("GenuineIntel", f"{V4} avx512_vnni avx512_bf16", "cooperlake", id="BF16 without VBMI2"),
        pytest.param("GenuineIntel", f"{V4} avx512_vnni", "cascadelake", id="VNNI"),
        pytest.param("GenuineIntel", V4, "skylake_avx512", id="AVX-512"),
        pytest.param("GenuineIntel", V3, "haswell", id="AVX2"),
        pytest.param("AuthenticAMD", f"{V4} avx_vnni", "zen5", id="AMD with AVX-VNNI"),
        pytest.param("AuthenticAMD", f"{V4} avx512_bf16", "zen4", id="AMD with AVX-512"),
        pytest.param("AuthenticAMD", f"{V3} vaes vpclmulqdq clzero sha_ni", "zen3", id="AMD with VAES"),
        pytest.param("AuthenticAMD", f"{V3} clwb rdpid clzero sha_ni", "zen2", id="AMD with CLWB"),
        pytest.param("TheVendor", V4, "x86_64_v4", id="an unknown vendor"),
    ],
)
def test_goes_by_flags_where_a_guest_hides_its_model(vendor: str, flags: str, microarchitecture: str) -> None:
    identity = identify(x86(vendor, flags), "x86_64")
    assert (identity.microarchitecture, identity.confidence) == (microarchitecture, "features")


@pytest.mark.parametrize(
    ("vendor", "family", "model"),
    [
        pytest.param("AuthenticAMD", 15, 107, id="qemu64"),
        pytest.param("GenuineIntel", 15, 6, id="kvm64"),
        pytest.param("GenuineIntel", 6, 6, id="qemu32 grown up"),
    ],
)
def test_a_model_older_than_its_flags_is_a_disguise(vendor: str, family: int, model: int) -> None:
    identity = identify(x86(vendor, f"{V4} avx512_vnni", family, model), "x86_64")
    assert identity.confidence == "features"
    assert identity.microarchitecture in {"zen4", "cascadelake"}
    assert identity.family == family


def test_amx_on_a_part_that_never_had_it_is_a_disguise() -> None:
    flags = f"{V4} avx512_vnni avx512_vbmi2 avx512_bf16 avx512_fp16 amx_tile amx_bf16 amx_int8"
    identity = identify(x86("GenuineIntel", flags, 6, 0xA7), "x86_64")
    assert (identity.microarchitecture, identity.confidence) == ("sapphirerapids", "features")
    assert identity.model == 0xA7


def test_a_model_newer_than_the_tables_is_not_taken_for_an_older_one() -> None:
    identity = identify(x86("GenuineIntel", f"{V4} avx512_bf16 amx_tile", 6, 0xF5), "x86_64")
    assert (identity.microarchitecture, identity.confidence) == ("x86_64_v4", "features")


def test_an_arm_part_newer_than_the_tables_is_named_by_its_level() -> None:
    info = parse_cpuinfo("processor : 0\nCPU implementer : 0x41\nCPU part : 0xdff\nFeatures : asimd sve2 bf16\n")
    identity = identify(info, "aarch64")
    assert (identity.vendor, identity.microarchitecture, identity.confidence) == ("ARM", "armv9.0a", "features")
    assert identity.part == 0xDFF


def test_an_implementer_without_a_name_keeps_its_number() -> None:
    info = parse_cpuinfo("processor : 0\nCPU implementer : 0x99\nCPU part : 0x001\nFeatures : asimd\n")
    assert identify(info, "aarch64").vendor == "0x99"


def test_lscpus_name_of_a_core_identifies_its_part() -> None:
    info = parse_cpuinfo("Architecture: aarch64\nVendor ID: ARM\nModel name: Neoverse-N1\nFlags: asimd asimddp\n")
    identity = identify(info, "aarch64")
    assert (identity.vendor, identity.microarchitecture, identity.confidence) == ("ARM", "neoverse_n1", "identified")


def test_a_hybrid_arm_machine_is_named_after_the_leading_cpu() -> None:
    block = "processor : {}\nFeatures : asimd\nCPU implementer : 0x41\nCPU part : {}\n\n"
    info = parse_cpuinfo(block.format(0, "0xd87") + block.format(1, "0xd85"))
    assert identify(info, "aarch64", lead=1).microarchitecture == "cortex_x925"
    assert identify(info, "aarch64").microarchitecture == "cortex_a725"


def test_nothing_to_go_by_is_unknown() -> None:
    identity = identify(parse_cpuinfo(""), "x86_64")
    assert (identity.vendor, identity.microarchitecture, identity.confidence) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (V4, "x86_64_v4"),
        (V3, "x86_64_v3"),
        (f"{V3} avx512f", "x86_64_v3"),
        ("sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3", "x86_64_v2"),
        ("sse2", "x86_64"),
    ],
)
def test_levels_need_all_their_flags(flags: str, level: str) -> None:
    assert name_by_flags("x86_64", frozenset(flags.split())) == (level, "features")


def test_says_which_flags_are_hidden() -> None:
    assert hidden_flags("sapphirerapids", frozenset({"avx512_bf16"})) == ("amx_tile",)
    assert hidden_flags("neoverse_v2", frozenset({"sve2", "bf16"})) == ()
    assert hidden_flags("haswell", frozenset()) == ()
