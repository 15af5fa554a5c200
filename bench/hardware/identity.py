"""Identify the CPU: by our own tables first, by feature flags only where those do not help."""

from typing import Final, Literal

from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.microarchitectures import AMD, ARM_IMPLEMENTERS, ARM_PARTS, INTEL, find_x86
from bench.records.machine import Architecture
from bench.records.record import Record

UNKNOWN: Final = "unknown"

_V2: Final = frozenset({"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"})
_V3: Final = _V2 | {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}
_V4: Final = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}

# A CPU that the tables do not hold is named by the highest level of which it has all flags.
# Sources: x86-64 psABI, table 3.1; Arm Architecture Reference Manual, mandatory features by version.
_LEVELS: Final[dict[Architecture, tuple[tuple[str, frozenset[str]], ...]]] = {
    "x86_64": (
        ("x86_64_v4", _V4),
        ("x86_64_v3", _V3),
        ("x86_64_v2", _V2),
        ("x86_64", frozenset({"sse2"})),
    ),
    "aarch64": (
        ("armv9.0a", frozenset({"sve2"})),
        ("armv8.6a", frozenset({"bf16", "i8mm", "uscat"})),
        ("armv8.4a", frozenset({"asimddp", "dit", "uscat"})),
        ("armv8.2a", frozenset({"asimdrdm", "atomics", "dcpop"})),
        ("armv8.1a", frozenset({"asimdrdm", "atomics"})),
        ("aarch64", frozenset({"asimd"})),
    ),
}

# For guests that hide the model: the oldest microarchitecture of a vendor that has these flags. Flags that
# `/proc/cpuinfo` never prints (amx_fp16, avx_vnni_int8) cannot be used.
_BY_FLAGS: Final = {
    INTEL: (
        ("sapphirerapids", frozenset({"amx_tile"})),
        ("sapphirerapids", frozenset({"avx512_bf16", "avx512_vbmi2"})),
        ("icelake", frozenset({"avx512_vbmi2", "avx512_vnni"})),
        ("cooperlake", frozenset({"avx512_bf16"})),
        ("cascadelake", frozenset({"avx512_vnni"})),
        ("skylake_avx512", _V4),
        ("broadwell", _V3 | {"adx", "rdseed"}),
        ("haswell", _V3),
    ),
    AMD: (
        ("zen5", _V4 | {"avx_vnni"}),
        ("zen4", _V4),
        ("zen3", _V3 | {"vaes", "vpclmulqdq"}),
        ("zen2", _V3 | {"clwb", "rdpid", "clzero"}),
        ("zen", _V3 | {"clzero", "sha_ni"}),
    ),
}

_BEFORE_AVX: Final = frozenset({"core2", "nehalem", "westmere", "nocona", "bonnell", "silvermont", "k8", "k10"})
_WITH_AMX: Final = frozenset({"sapphirerapids", "emeraldrapids", "graniterapids", "diamondrapids"})

_SIGNATURES: Final = {
    "skylake_avx512": ("avx512f",),
    "cascadelake": ("avx512_vnni",),
    "cooperlake": ("avx512_bf16",),
    "icelake": ("avx512_vnni",),
    "sapphirerapids": ("avx512_bf16", "amx_tile"),
    "emeraldrapids": ("avx512_bf16", "amx_tile"),
    "graniterapids": ("avx512_bf16", "amx_tile"),
    "zen4": ("avx512_bf16",),
    "zen4c": ("avx512_bf16",),
    "zen5": ("avx512_bf16",),
    "zen5c": ("avx512_bf16",),
    "neoverse_v1": ("sve", "bf16"),
    "neoverse_n2": ("sve2", "bf16"),
    "neoverse_v2": ("sve2", "bf16"),
    "neoverse_v3": ("sve2", "bf16"),
    "neoverse_n3": ("sve2", "bf16"),
}
"""Flags that tuning depends on, and that firmware, kernels or hypervisors are known to hide."""


class Identity(Record, frozen=True, kw_only=True):
    """The CPU's name with the facts behind it; the fields are those of `bench.records.machine.Cpu`."""

    vendor: str
    model_name: str
    microarchitecture: str
    confidence: Literal["identified", "features", "unknown"]
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    implementer: int | None = None
    part: int | None = None
    variant: int | None = None
    revision: int | None = None


def identify(cpuinfo: CpuInfo, architecture: Architecture, *, lead: int | None = None) -> Identity:
    """Name the CPU.

    Args:
        cpuinfo: `/proc/cpuinfo`, of a kernel of this architecture.
        architecture: Of the user space.
        lead: The logical CPU that decides where CPUs are of several kinds; the first if None.
    """
    return _identify_x86(cpuinfo) if architecture == "x86_64" else _identify_arm(cpuinfo, lead)


def name_by_flags(architecture: Architecture, isa: frozenset[str]) -> tuple[str, Literal["features", "unknown"]]:
    """Return the generic level that these flags reach, such as `x86_64_v3` or `armv9.0a`, and the confidence."""
    level = next((name for name, needed in _LEVELS[architecture] if needed <= isa), None)
    return (UNKNOWN, "unknown") if level is None else (level, "features")


def hidden_flags(microarchitecture: str, isa: frozenset[str]) -> tuple[str, ...]:
    """Return the flags that CPUs of this microarchitecture have, and this machine shows others but not these."""
    return tuple(flag for flag in _SIGNATURES.get(microarchitecture, ()) if flag not in isa)


def _identify_x86(cpuinfo: CpuInfo) -> Identity:
    vendor = cpuinfo.first("vendor id") or UNKNOWN
    family, model, stepping = (parse_number(cpuinfo.first(key)) for key in ("cpu family", "model", "stepping"))
    isa = cpuinfo.isa or frozenset()
    name = None
    if family is not None and model is not None:
        name = find_x86(vendor, family, model, stepping, isa)
    confidence: Literal["identified", "features", "unknown"] = "identified"
    disguised = name is not None and _is_disguised(name, isa)
    if name is None or disguised:
        name, confidence = _name_x86_by_flags(vendor, isa, hidden=disguised or _hides_model(vendor, family, model))
    return Identity(
        vendor=vendor,
        model_name=cpuinfo.first("model name") or "",
        microarchitecture=name,
        confidence=confidence,
        family=family,
        model=model,
        stepping=stepping,
    )


def _is_disguised(microarchitecture: str, isa: frozenset[str]) -> bool:
    """Return whether a guest has the model number of a CPU that never had its flags. Libraries dispatch by the flags."""
    return (microarchitecture in _BEFORE_AVX and "avx" in isa) or (
        microarchitecture not in _WITH_AMX and "amx_tile" in isa
    )


def _name_x86_by_flags(vendor: str, isa: frozenset[str], *, hidden: bool) -> tuple[str, Literal["features", "unknown"]]:
    """Return a vendor's microarchitecture if the model is hidden; only a level if it is newer than the tables."""
    for name, needed in _BY_FLAGS.get(vendor, ()) if hidden else ():
        if needed <= isa:
            return name, "features"
    return name_by_flags("x86_64", isa)


def _hides_model(vendor: str, family: int | None, model: int | None) -> bool:
    """Return whether a hypervisor hides the model: it then prints none, or that of the first 64-bit parts."""
    if family is None or model is None or family == 15:
        return True
    # Model 0x55 comes here only with a stepping that does not distinguish Skylake from its successors.
    return vendor == INTEL and family == 6 and (model < 0x0F or model == 0x55)


def _identify_arm(cpuinfo: CpuInfo, lead: int | None) -> Identity:
    fields = cpuinfo.cpus.get(lead, {}) if lead is not None else {}

    def number(key: str) -> int | None:
        return parse_number(fields.get(key, cpuinfo.first(key)))

    implementer, part = number("cpu implementer"), number("cpu part")
    vendor = UNKNOWN
    name = None
    if implementer is not None:
        vendor = ARM_IMPLEMENTERS.get(implementer, f"0x{implementer:02x}")
        name = ARM_PARTS.get((implementer, part)) if part is not None else None
    model_name = cpuinfo.first("model name") or ""
    if implementer is None:
        vendor = cpuinfo.first("vendor id") or UNKNOWN
        name = _find_arm_by_name(model_name)
    confidence: Literal["identified", "features", "unknown"] = "identified"
    if name is None:
        name, confidence = name_by_flags("aarch64", cpuinfo.isa or frozenset())
    return Identity(
        vendor=vendor,
        model_name=model_name,
        microarchitecture=name,
        confidence=confidence,
        implementer=implementer,
        part=part,
        variant=number("cpu variant"),
        revision=number("cpu revision"),
    )


def _find_arm_by_name(model_name: str) -> str | None:
    """Find a core by the name that lscpu prints, `Neoverse-N1`: its output has no part number."""
    wanted = model_name.lower().replace("-", "_")
    return wanted if wanted in ARM_PARTS.values() else None
