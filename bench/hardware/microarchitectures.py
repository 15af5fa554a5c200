"""Tables of microarchitectures: x86 by vendor, family, model and stepping; Arm by implementer and part.

Names are archspec's where it has one (`skylake_avx512`, `zen4`, `neoverse_v2`), else the compiler's or the
kernel's name in the same style (`emeraldrapids`, `tsv110`).

Sources: Linux `arch/x86/include/asm/intel-family.h`, `arch/x86/kernel/cpu/amd.c` (ranges of models) and
`arch/arm64/include/asm/cputype.h`; util-linux `sys-utils/lscpu-arm.c`; GCC `aarch64-cores.def`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INTEL: Final = "GenuineIntel"
AMD: Final = "AuthenticAMD"
HYGON: Final = "HygonGenuine"

_INTEL_MODELS: Final[Mapping[tuple[int, str], str]] = MappingProxyType(
    {
        (6, "0f 16 17 1d"): "core2",
        (6, "1a 1e 1f 2e"): "nehalem",
        (6, "25 2c 2f"): "westmere",
        (6, "2a 2d"): "sandybridge",
        (6, "3a 3e"): "ivybridge",
        (6, "3c 3f 45 46"): "haswell",
        (6, "3d 47 4f 56"): "broadwell",
        (6, "4e 5e 8e 9e a5 a6"): "skylake",
        (6, "66"): "cannonlake",
        (6, "6a 6c 7d 7e 9d"): "icelake",
        (6, "8c 8d"): "tigerlake",
        (6, "a7"): "rocketlake",
        (6, "8f"): "sapphirerapids",
        (6, "cf"): "emeraldrapids",
        (6, "ad ae"): "graniterapids",
        (6, "8a"): "lakefield",
        (6, "97 9a"): "alderlake",
        (6, "b7 ba bf"): "raptorlake",
        (6, "d7"): "bartlettlake",
        (6, "aa ac"): "meteorlake",
        (6, "c5"): "arrowlake",
        (6, "c6"): "arrowlake_s",
        (6, "b5"): "arrowlake_u",
        (6, "bd"): "lunarlake",
        (6, "cc"): "pantherlake",
        (6, "57"): "mic_knl",
        (6, "85"): "mic_knm",
        (6, "1c 26 27 35 36"): "bonnell",
        (6, "37 4a 4c 4d 5a 5d 75"): "silvermont",
        (6, "5c 5f"): "goldmont",
        (6, "7a"): "goldmont_plus",
        (6, "96 9c"): "tremont",
        (6, "be"): "gracemont",
        (6, "b6"): "grandridge",
        (6, "af"): "sierraforest",
        (6, "dd"): "clearwaterforest",
        (15, "03 04 06"): "nocona",
        (19, "01"): "diamondrapids",
    }
)

_INTEL_BY_ID: Final = MappingProxyType(
    {(family, int(model, 16)): name for (family, models), name in _INTEL_MODELS.items() for model in models.split()}
)

_SKYLAKE_SERVER: Final = (6, 0x55)
_TREMONT_SERVER: Final = (6, 0x86)

_AMD_RANGES: Final = (
    # family, first model, last model, name
    (15, 0x00, 0xFF, "k8"),
    (16, 0x00, 0xFF, "k10"),
    (21, 0x00, 0x01, "bulldozer"),
    (21, 0x02, 0x02, "piledriver"),
    (21, 0x10, 0x1F, "piledriver"),
    (21, 0x30, 0x3F, "steamroller"),
    (21, 0x60, 0x7F, "excavator"),
    (23, 0x00, 0x2F, "zen"),
    (23, 0x50, 0x5F, "zen"),
    (23, 0x30, 0x4F, "zen2"),
    (23, 0x60, 0x7F, "zen2"),
    (23, 0x84, 0x84, "zen2"),
    (23, 0x90, 0x91, "zen2"),
    (23, 0xA0, 0xAF, "zen2"),
    (25, 0x00, 0x0F, "zen3"),
    (25, 0x20, 0x5F, "zen3"),
    (25, 0x10, 0x1F, "zen4"),
    (25, 0x60, 0x9F, "zen4"),
    (25, 0xA0, 0xAF, "zen4c"),  # Bergamo and Siena
    (26, 0x00, 0x0F, "zen5"),
    (26, 0x10, 0x1F, "zen5c"),  # Turin Dense
    (26, 0x20, 0x2F, "zen5"),
    (26, 0x40, 0x4F, "zen5"),
    (26, 0x60, 0x7F, "zen5"),
    (26, 0x50, 0x5F, "zen6"),
    (26, 0x80, 0xAF, "zen6"),
    (26, 0xC0, 0xEF, "zen6"),
)

ARM_IMPLEMENTERS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x41: "ARM",
        0x42: "Broadcom",
        0x43: "Cavium",
        0x46: "Fujitsu",
        0x48: "HiSilicon",
        0x4E: "NVIDIA",
        0x50: "APM",
        0x51: "Qualcomm",
        0x53: "Samsung",
        0x56: "Marvell",
        0x61: "Apple",
        0x69: "Intel",
        0x6D: "Microsoft",
        0x70: "Phytium",
        0xC0: "Ampere",
    }
)

ARM_PARTS: Final[Mapping[tuple[int, int], str]] = MappingProxyType(
    {
        (0x41, 0xD03): "cortex_a53",
        (0x41, 0xD04): "cortex_a35",
        (0x41, 0xD05): "cortex_a55",
        (0x41, 0xD06): "cortex_a65",
        (0x41, 0xD07): "cortex_a57",
        (0x41, 0xD08): "cortex_a72",
        (0x41, 0xD09): "cortex_a73",
        (0x41, 0xD0A): "cortex_a75",
        (0x41, 0xD0B): "cortex_a76",
        (0x41, 0xD0C): "neoverse_n1",
        (0x41, 0xD0D): "cortex_a77",
        (0x41, 0xD0E): "cortex_a76ae",
        (0x41, 0xD40): "neoverse_v1",
        (0x41, 0xD41): "cortex_a78",
        (0x41, 0xD42): "cortex_a78ae",
        (0x41, 0xD44): "cortex_x1",
        (0x41, 0xD46): "cortex_a510",
        (0x41, 0xD47): "cortex_a710",
        (0x41, 0xD48): "cortex_x2",
        (0x41, 0xD49): "neoverse_n2",
        (0x41, 0xD4A): "neoverse_e1",
        (0x41, 0xD4B): "cortex_a78c",
        (0x41, 0xD4C): "cortex_x1c",
        (0x41, 0xD4D): "cortex_a715",
        (0x41, 0xD4E): "cortex_x3",
        (0x41, 0xD4F): "neoverse_v2",
        (0x41, 0xD80): "cortex_a520",
        (0x41, 0xD81): "cortex_a720",
        (0x41, 0xD82): "cortex_x4",
        (0x41, 0xD83): "neoverse_v3ae",
        (0x41, 0xD84): "neoverse_v3",
        (0x41, 0xD85): "cortex_x925",
        (0x41, 0xD87): "cortex_a725",
        (0x41, 0xD88): "cortex_a520ae",
        (0x41, 0xD89): "cortex_a720ae",
        (0x41, 0xD8A): "c1_nano",
        (0x41, 0xD8B): "c1_pro",
        (0x41, 0xD8C): "c1_ultra",
        (0x41, 0xD8E): "neoverse_n3",
        (0x41, 0xD8F): "cortex_a320",
        (0x41, 0xD90): "c1_premium",
        (0x42, 0x516): "thunderx2",
        (0x43, 0x0A1): "thunderx",
        (0x43, 0x0AF): "thunderx2",
        (0x43, 0x0B8): "thunderx3",
        (0x46, 0x001): "a64fx",
        (0x46, 0x003): "monaka",
        (0x48, 0xD01): "tsv110",  # Kunpeng 920
        (0x48, 0xD02): "tsv120",
        (0x4E, 0x003): "denver2",
        (0x4E, 0x004): "carmel",
        (0x4E, 0x010): "olympus",
        (0x50, 0x000): "xgene",
        (0x51, 0x001): "oryon",
        (0x51, 0xC00): "falkor",
        (0x51, 0xC01): "saphira",
        (0x61, 0x022): "m1",
        (0x61, 0x023): "m1",
        (0x61, 0x024): "m1",
        (0x61, 0x025): "m1",
        (0x61, 0x028): "m1",
        (0x61, 0x029): "m1",
        (0x61, 0x032): "m2",
        (0x61, 0x033): "m2",
        (0x61, 0x034): "m2",
        (0x61, 0x035): "m2",
        (0x61, 0x038): "m2",
        (0x61, 0x039): "m2",
        (0x6D, 0xD49): "neoverse_n2",  # Azure Cobalt 100
        (0x70, 0x660): "ftc660",
        (0x70, 0x661): "ftc661",
        (0x70, 0x662): "ftc662",
        (0x70, 0x663): "ftc663",
        (0xC0, 0xAC3): "ampere1",
        (0xC0, 0xAC4): "ampere1a",
        (0xC0, 0xAC5): "ampere1b",
    }
)

HYBRID: Final = frozenset(
    {
        "lakefield",
        "alderlake",
        "raptorlake",
        "meteorlake",
        "arrowlake",
        "arrowlake_s",
        "arrowlake_u",
        "lunarlake",
        "pantherlake",
    }
)
"""x86 parts that join performance and efficiency cores under one family and model."""


_AMD_HYBRID: Final = frozenset(
    {
        (25, 0x78),  # Phoenix 2: Zen 4 and Zen 4c
        (25, 0x7C),  # Hawk Point 2: the same
        (26, 0x24),  # Strix Point: Zen 5 and Zen 5c
        (26, 0x60),  # Krackan Point: the same
        (26, 0x68),  # Krackan Point 2: the same
    }
)
"""Family and model. Parts with one kind of core share the microarchitecture's name, unlike Intel's `HYBRID`."""


def is_amd_hybrid(vendor: str, family: int | None, model: int | None) -> bool:
    """Return whether AMD joins cores of two kinds under this family and model."""
    return vendor == AMD and (family, model) in _AMD_HYBRID


def find_x86(vendor: str, family: int, model: int, stepping: int | None, isa: frozenset[str]) -> str | None:
    """The microarchitecture of an x86 CPU; None if the tables do not hold it.

    Args:
        vendor: CPUID's vendor string.
        family: As `/proc/cpuinfo` prints it, decimal.
        model: Likewise.
        stepping: Likewise; None if it is hidden.
        isa: Decides where two microarchitectures share a model.
    """
    if vendor == INTEL:
        return _find_intel(family, model, stepping, isa)
    if vendor == AMD:
        ranges = (name for kind, first, last, name in _AMD_RANGES if kind == family and first <= model <= last)
        return next(ranges, None)
    return "dhyana" if vendor == HYGON and family == 24 else None


def _find_intel(family: int, model: int, stepping: int | None, isa: frozenset[str]) -> str | None:
    if (family, model) == _SKYLAKE_SERVER:
        return _find_skylake_server(stepping)
    if (family, model) == _TREMONT_SERVER:
        # QEMU's Icelake-Server model carries this number, which is an Atom's.
        return "icelake" if "avx512f" in isa else "tremont"
    return _INTEL_BY_ID.get((family, model))


def _find_skylake_server(stepping: int | None) -> str | None:
    """Skylake, Cascade Lake and Cooper Lake servers share a model, and differ by stepping."""
    if stepping is None:
        return None
    if stepping <= 4:
        return "skylake_avx512"
    if stepping <= 7:
        return "cascadelake"
    return "cooperlake" if stepping in {10, 11} else None
