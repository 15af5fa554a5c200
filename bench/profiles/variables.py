"""Environment variables that a profile may set: those that are known to move speed or memory, and nothing else.

It is a list of what is allowed, not of what is forbidden: a variable that nobody has looked at could
change the numbers that a model puts out, and then two results of one case would not be of one case.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bench.records.profile import EnvironmentSetting


class Variable(NamedTuple):
    """A variable that a profile may set.

    Attributes:
        values: What it may be set to, a pattern for the whole value.
        wanted: The same, in words.
        reason: Why it cannot change numerics.
    """

    values: re.Pattern[str]
    wanted: str
    reason: str


_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BYTES = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)

ALLOWED: Mapping[str, Variable] = MappingProxyType(
    {
        "GOMP_SPINCOUNT": Variable(
            re.compile(r"INFINITY|0|[1-9][0-9]{0,14}", re.ASCII),
            "a whole number or INFINITY",
            "how long a thread of GNU libgomp spins before it sleeps",
        ),
        "LRU_CACHE_CAPACITY": Variable(
            _COUNT, "a whole number", "how many prepared oneDNN primitives torch keeps: memory against set-up time"
        ),
        "MALLOC_ARENA_MAX": Variable(_COUNT, "a whole number", "how many arenas glibc's allocator has"),
        "MALLOC_MMAP_THRESHOLD_": Variable(_BYTES, "bytes", "from which size glibc's allocator asks the kernel"),
        "MALLOC_TOP_PAD_": Variable(_BYTES, "bytes", "by how much glibc's allocator grows its heap beyond the need"),
        "MALLOC_TRIM_THRESHOLD_": Variable(_BYTES, "bytes", "when glibc's allocator gives memory back"),
        "OMP_DYNAMIC": Variable(
            re.compile("FALSE"), "FALSE", "the OpenMP runtime keeps to the thread count that the layout sets"
        ),
        "OMP_SCHEDULE": Variable(
            re.compile("STATIC"), "STATIC", "who works on which part of a loop, the same in every run"
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
    (re.compile(r"KMP_.*|LIBOMP_.*"), "only Intel's and LLVM's OpenMP runtimes read it, and torch brings GNU libgomp"),
    (re.compile(r"MALLOC_CONF|TCMALLOC_.*"), "another allocator reads it, and bench runs with the system's"),
)


def why_not_variable(setting: EnvironmentSetting) -> str | None:
    """Say why a profile may not set this; None if it may."""
    variable = ALLOWED.get(setting.name)
    if variable is not None:
        if variable.values.fullmatch(setting.value):
            return None
        return f"{setting.name} is {setting.value!r}, wanted {variable.wanted}"
    for pattern, reason in _REFUSED:
        if pattern.fullmatch(setting.name):
            return f"{setting.name} may not be set by a profile: {reason}"
    return f"{setting.name} may not be set by a profile: only {', '.join(ALLOWED)} are known to move nothing but speed"
