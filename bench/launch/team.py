"""The threads that a parallel region really gets: a runtime may go on with fewer than were asked for.

torch reports the number that was set. LLVM's and Intel's OpenMP warn and go on with a smaller team where the kernel
refuses a thread, and every OpenMP does so beyond OMP_THREAD_LIMIT.
"""

import ctypes

from bench.launch.libraries import open_openmp
from bench.records.profile import Binding
from bench.records.reason import Reason

_REGION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_DEFAULT_THREADS = 0
"""`GOMP_parallel` then takes the number that was set, as torch's kernels do (GCC, libgomp/parallel.c)."""


def count_team() -> int | None:
    """Return the threads of a parallel region, by running one; None if no OpenMP runtime is loaded."""
    runtime = open_openmp()
    if runtime is None:
        return None
    sizes: list[int] = []
    region = _REGION(lambda _data: sizes.append(runtime.omp_get_num_threads()))
    runtime.GOMP_parallel(region, None, _DEFAULT_THREADS, 0)
    return max(sizes)


def find_team_problem(binding: Binding, found: int | None) -> Reason | None:
    """Return that a team is smaller than planned; None if it is not, or if there is none to count."""
    if found is None or found >= binding.threads:
        return None
    return Reason(code="team_smaller", values={"planned": str(binding.threads), "found": str(found)})
