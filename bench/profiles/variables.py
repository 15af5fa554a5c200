"""Environment variables that a profile may set: those that are known to change speed or memory, and nothing else.

The list says what is allowed, not what is forbidden. A variable that nobody has examined could change the numbers
that a model puts out, and two results of one case would no longer be of the same case.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import NamedTuple

from bench.records.lookup import suggest
from bench.records.profile import EnvironmentSetting, Profile, Runtime


class Variable(NamedTuple):
    """A variable that a profile may set.

    Attributes:
        values: What it may be set to, a pattern for the whole value.
        wanted: The same, in words.
        reason: Why it cannot change numerics.
        reader: OpenMP runtimes or allocators that read it; empty if any library may.
    """

    values: re.Pattern[str]
    wanted: str
    reason: str
    reader: frozenset[str] = frozenset()


_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BYTES = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_BARRIER = re.compile(r"(linear|tree|hyper|hierarchical|dist),(linear|tree|hyper|hierarchical|dist)")
_JEMALLOC_OPTION = (
    r"(?:oversize_threshold:[0-9]{1,15}|metadata_thp:(?:auto|always|disabled)"
    r"|thp:(?:default|always|never)|narenas:[1-9][0-9]{0,4}|(?:dirty|muzzy)_decay_ms:(?:-1|[0-9]{1,10}))"
)
_JEMALLOC = re.compile(f"{_JEMALLOC_OPTION}(?:,{_JEMALLOC_OPTION}){{0,9}}", re.ASCII)
_GNU = frozenset({"gnu"})
_KMP = frozenset({"intel", "llvm"})
_SYSTEM = frozenset({"system"})

ALLOWED: Mapping[str, Variable] = MappingProxyType(
    {
        "GOMP_SPINCOUNT": Variable(
            re.compile(r"INFINITY|0|[1-9][0-9]{0,14}", re.ASCII),
            "a whole number or INFINITY",
            "how long a thread of GNU libgomp spins before it sleeps",
            _GNU,
        ),
        "KMP_BLOCKTIME": Variable(
            re.compile(r"infinite|0|[1-9][0-9]{0,8}", re.ASCII),
            "milliseconds or infinite",
            "how long a thread spins before it sleeps",
            _KMP,
        ),
        "KMP_FORKJOIN_BARRIER_PATTERN": Variable(
            _BARRIER, "two patterns such as dist,dist", "how threads wait for one another at the ends of a region", _KMP
        ),
        "KMP_PLAIN_BARRIER_PATTERN": Variable(
            _BARRIER, "two patterns such as dist,dist", "how threads wait for one another within a region", _KMP
        ),
        "KMP_TPAUSE": Variable(re.compile("[012]"), "0, 1 or 2", "which instruction a spinning thread waits by", _KMP),
        "LRU_CACHE_CAPACITY": Variable(
            _COUNT, "a whole number", "how many prepared oneDNN primitives torch keeps: memory against set-up time"
        ),
        "MALLOC_ARENA_MAX": Variable(_COUNT, "a whole number", "how many arenas glibc's allocator has", _SYSTEM),
        "MALLOC_CONF": Variable(
            _JEMALLOC,
            "jemalloc's options for arenas, huge pages and decay, without background_thread: its threads leave the binding",
            "how jemalloc keeps and returns pages",
            frozenset({"jemalloc"}),
        ),
        "MALLOC_MMAP_THRESHOLD_": Variable(
            _BYTES, "bytes", "from which size glibc's allocator asks the kernel", _SYSTEM
        ),
        "MALLOC_TOP_PAD_": Variable(
            _BYTES, "bytes", "by how much glibc's allocator grows its heap beyond the need", _SYSTEM
        ),
        "MALLOC_TRIM_THRESHOLD_": Variable(_BYTES, "bytes", "when glibc's allocator gives memory back", _SYSTEM),
        "OMP_DYNAMIC": Variable(
            re.compile("FALSE"), "FALSE", "the OpenMP runtime keeps to the thread count that the layout sets"
        ),
        "OMP_SCHEDULE": Variable(
            re.compile("STATIC"), "STATIC", "which thread works on which part of a loop: the same in every run"
        ),
        "OMP_WAIT_POLICY": Variable(
            re.compile("ACTIVE|PASSIVE"), "ACTIVE or PASSIVE", "whether a waiting OpenMP thread spins or sleeps"
        ),
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": Variable(
            _COUNT, "a whole number", "how many prepared primitives oneDNN keeps: memory against set-up time"
        ),
        "THP_MEM_ALLOC_ENABLE": Variable(
            re.compile("[01]"), "0 or 1", "whether torch asks for huge pages for large tensors"
        ),
    }
)
"""Sources: PyTorch `c10/core/impl/alloc_cpu.cpp` and ideep `lru_cache.hpp`; oneDNN's developer guide, "Primitive
Cache"; the libgomp manual, "Environment Variables"; `mallopt(3)`."""

_OWNED_THREADS = "bench sets the thread count from the layout"
_OWNED_BINDING = "bench binds each instance from the layout, and checks it"
_NUMERICS = "it can change the numbers that a model puts out, so it belongs to the case"
_CODE = "it decides which code is loaded or compiled, which bench fixes and records"

_REFUSED: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(OMP|MKL|OPENBLAS|BLIS|VECLIB|NUMEXPR|AIO)_NUM_THREADS|(OMP|MKL)_(THREAD_LIMIT|DYNAMIC)"),
        _OWNED_THREADS,
    ),
    (re.compile(r"OMP_PLACES|OMP_PROC_BIND|GOMP_CPU_AFFINITY|KMP_AFFINITY|KMP_HW_SUBSET|AIO_CPU_BIND"), _OWNED_BINDING),
    (re.compile(r"(ONEDNN|DNNL)_(DEFAULT_FPMATH_MODE|MAX_CPU_ISA|CPU_ISA_HINTS)"), _NUMERICS),
    (re.compile(r"AIO_.*|ATEN_CPU_CAPABILITY|TORCH_MKLDNN_.*|MKL_.*|GLIBC_TUNABLES|ZENDNN.*"), _NUMERICS),
    (re.compile(r"LD_.*|PATH|PYTHON.*|TORCHINDUCTOR_.*|TORCH_COMPILE_.*|CC|CXX|.*FLAGS|TMPDIR|HOME"), _CODE),
    (re.compile(r"KMP_(REDUCTION|DETERMINISTIC).*"), "it changes the order of sums, so it belongs to the case"),
)


def variables_for(profile: Profile, runtime: Runtime) -> dict[str, str]:
    """Return the profile's variables, without those that only an unloaded runtime or allocator reads."""
    loaded = {runtime.openmp, runtime.allocator}
    return {
        setting.name: setting.value
        for setting in profile.environment
        if not ALLOWED[setting.name].reader or ALLOWED[setting.name].reader & loaded
    }


def why_not_variable(setting: EnvironmentSetting, loaded: AbstractSet[str]) -> str | None:
    """Return why a profile may not set this variable; None if it may.

    Args:
        setting: The variable.
        loaded: The OpenMP runtime and the allocator that the profile chooses.
    """
    variable = ALLOWED.get(setting.name)
    if variable is not None:
        if variable.reader and not variable.reader & loaded:
            readers, chosen = " or ".join(sorted(variable.reader)), " and ".join(sorted(loaded))
            return f"{setting.name} is read by {readers} only, and the profile chooses {chosen}"
        if variable.values.fullmatch(setting.value):
            return None
        return f"{setting.name} is {setting.value!r}, wanted {variable.wanted}"
    for pattern, reason in _REFUSED:
        if pattern.fullmatch(setting.name):
            return f"{setting.name} may not be set by a profile: {reason}"
    known = f"{suggest(setting.name, ALLOWED)}only {', '.join(ALLOWED)} are known to change nothing but speed"
    return f"{setting.name} may not be set by a profile: {known}"
