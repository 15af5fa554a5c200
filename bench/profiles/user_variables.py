"""Check variables that a user sets for one side of an `ab` run: one that could not have its effect is refused.

Unlike a profile's, they may change the numbers that a model puts out: each cell is compared with eager fp32. But a
variable that bench sets itself, that no loaded library reads, or that loads code which no bundle names would lead to
a verdict on something else than the user asked for.
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from bench.errors import UsageError
from bench.profiles.variables import ALLOWED
from bench.records.case import Backend
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

_COMPILED: frozenset[Backend] = frozenset({"inductor", "inductor_freezing", "inductor_max_autotune", "aot_inductor"})
_COMPILERS = re.compile(r"TORCHINDUCTOR_.*|TORCHDYNAMO_.*|TORCH_COMPILE_.*")
_READERS: Mapping[str, frozenset[Backend]] = {"TORCHINDUCTOR_FREEZING": frozenset({"inductor"})}
"""Variables that fewer backends read than their names say: the others freeze in any case."""


def check_user_variables(variables: Iterable[str], runtime: Runtime, side: str) -> None:
    """Refuse variables that cannot have an effect of their own.

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


def find_readers(variables: Iterable[str]) -> AbstractSet[Backend] | None:
    """Return the backends that read all of these variables; None if every backend does."""
    readers: AbstractSet[Backend] | None = None
    for name in variables:
        if _COMPILERS.fullmatch(name):
            backends = _READERS.get(name, _COMPILED)
            readers = backends if readers is None else readers & backends
    return readers
