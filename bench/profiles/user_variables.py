"""Variables that a user sets for one side of an `ab` run: refused where they could not do what they seem to.

Unlike a profile's, they may change a model's outputs: each cell is compared with eager fp32. Some are refused:
those that bench sets itself, those that nothing loaded reads, and those that load code which no bundle would name.
With them the verdict would be on something else than what was asked.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

from bench.backends.registry import BACKENDS
from bench.errors import UsageError
from bench.profiles.variables import ALLOWED
from bench.records.backend import BackendFacts
from bench.records.case import BackendName
from bench.records.profile import Runtime

_OWNED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(OMP|MKL|OPENBLAS)_NUM_THREADS"), "bench sets thread counts from the layout; use --threads"),
    (
        re.compile(r"OMP_PLACES|OMP_PROC_BIND|GOMP_CPU_AFFINITY|KMP_AFFINITY|KMP_HW_SUBSET"),
        "bench binds each worker from the layout; use --cpus",
    ),
    (
        re.compile(r"LD_PRELOAD"),
        "bench sets it from the layout; use --allocator-a, --allocator-b, --openmp-a and --openmp-b",
    ),
    (
        re.compile(r"LD_.*|PYTHON.*|PATH|VIRTUAL_ENV"),
        "it decides which code is loaded, which the bundle has to name; use --python-a and --python-b",
    ),
    (re.compile(r"TMPDIR|TORCHINDUCTOR_CACHE_DIR"), "bench gives every cell a folder of its own"),
    (
        re.compile(r"TORCHINDUCTOR_(FX_GRAPH|AUTOGRAD|AUTOGRAD_REMOTE|FX_GRAPH_REMOTE)_CACHE"),
        "bench keeps caches of whole graphs off, so that every repetition compiles",
    ),
    (re.compile(r"CUDA_VISIBLE_DEVICES"), "bench keeps it empty, so that no GPU is used"),
)


def check_user_variables(variables: Iterable[str], runtime: Runtime, side: str) -> None:
    """Refuse variables that cannot have an effect.

    Args:
        variables: Names.
        runtime: What the side's workers load.
        side: `a` or `b`.

    Raises:
        UsageError: names the first such variable, the reason, and the way out.
    """
    loaded = {runtime.openmp, runtime.allocator}
    for name in variables:
        for pattern, reason in _OWNED:
            if pattern.fullmatch(name):
                raise UsageError(f"--env-{side} {name}: {reason}")
        readers = ALLOWED[name].reader if name in ALLOWED else frozenset[str]()
        if readers and not readers & loaded:
            raise UsageError(
                f"--env-{side} {name} is read by {' or '.join(sorted(readers))} only, and side {side} has "
                f"{' and '.join(sorted(loaded))}; choose another with --openmp-{side} or --allocator-{side}"
            )


def find_readers(variables: Iterable[str]) -> AbstractSet[BackendName] | None:
    """Return the backends that read all of some variables; None if every backend does."""
    readers: AbstractSet[BackendName] | None = None
    for name in variables:
        if any(_is_named(name, backend) for backend in BACKENDS.values()):
            of_this = {backend.name for backend in BACKENDS.values() if _reads(name, backend)}
            readers = of_this if readers is None else readers & of_this
    return readers


def _is_named(variable: str, backend: BackendFacts) -> bool:
    return any(fnmatchcase(variable, pattern) for pattern in backend.variables)


def _reads(variable: str, backend: BackendFacts) -> bool:
    return _is_named(variable, backend) and variable not in backend.ignored_variables
