"""The environment of a worker: what it inherits, what the plan sets, and nothing else.

A forgotten OMP_PROC_BIND or DNNL_DEFAULT_FPMATH_MODE in somebody's shell would change published numbers. So workers
inherit only variables without influence on them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.records.profile import Binding

INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "VIRTUAL_ENV",
    "CC",
    "CXX",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
)
"""CC and CXX are Inductor's compiler; DOCKER_* name the engine, for workers in an image; coverage's own variables let tests count what workers ran."""

INFLUENTIAL = (
    "OMP_", "KMP_", "GOMP_", "MKL_", "DNNL_", "ONEDNN_", "OPENBLAS_", "ATEN_", "TORCH", "PYTORCH_", "LD_PRELOAD",
    "MALLOC_", "TCMALLOC_", "LRU_CACHE_CAPACITY", "THP_MEM_ALLOC_ENABLE", "IDEEP_", "CUDA_VISIBLE_DEVICES",
)  # fmt: skip
"""Prefixes of variables that change numbers; the user sees a note when one is not passed on."""

FIXED = {
    "CUDA_VISIBLE_DEVICES": "",  # no part of a model may run on a GPU
    "HF_HUB_OFFLINE": "1",
    "MKL_DYNAMIC": "FALSE",
    "OMP_DYNAMIC": "FALSE",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    # OpenVINO's oneTBB loads hwloc by RTLD_DEEPBIND otherwise, and then libc frees what jemalloc or tcmalloc allocated
    # (oneTBB, issues 1636 and 1645).
    "TBB_ENABLE_SANITIZERS": "1",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no pool of compile workers beside the one that is timed
    "TRANSFORMERS_OFFLINE": "1",
}
"""Set for every worker, before the profile's own."""


ISOLATED = {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}
"""Set for every worker, and stated in no plan: the interpreters that it starts, such as Inductor's, are isolated as it is
itself (`bench.launch.isolation`)."""

UNSET_IN_IMAGES = (
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONPYCACHEPREFIX",
    "PYTHONWARNINGS",
)
"""Variables that an image may set and that decide what is imported, or how. Python takes an empty one as not set."""


def plan_environment(profile: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a plan states for its workers, apart from thread counts."""
    return dict(sorted((FIXED | dict(profile)).items()))


def worker_environment(
    planned: Mapping[str, str],
    binding: Binding,
    *,
    preloads: Sequence[Path],
    parent: Mapping[str, str],
) -> dict[str, str]:
    """Return the complete environment of one worker.

    Args:
        planned: Of the cell.
        binding: Its threads.
        preloads: Libraries to load before torch.
        parent: Of this process.
    """
    inherited = {name: parent[name] for name in INHERITED if name in parent}
    return inherited | dict(planned) | ISOLATED | thread_environment(binding) | preload_environment(preloads)


def thread_environment(binding: Binding) -> dict[str, str]:
    """Return thread counts for the runtimes, which read them when they are loaded."""
    count = str(binding.threads)
    return {"MKL_NUM_THREADS": count, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}


def preload_environment(preloads: Sequence[Path]) -> dict[str, str]:
    """Return the variable that has libraries loaded before all others; empty without any."""
    return {"LD_PRELOAD": ":".join(map(str, preloads))} if preloads else {}


def find_dropped_variables(parent: Mapping[str, str], planned: Mapping[str, str]) -> tuple[str, ...]:
    """Return the sorted names of influential variables that are set here and do not reach workers."""
    return tuple(
        sorted(name for name, value in parent.items() if name.startswith(INFLUENTIAL) and planned.get(name) != value)
    )
