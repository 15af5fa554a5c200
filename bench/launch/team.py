"""The threads that a parallel region really gets, and the CPUs that they may run on.

torch reports the number that was set. LLVM's and Intel's OpenMP warn and go on with a smaller team where the kernel
refuses a thread, and every OpenMP does so beyond OMP_THREAD_LIMIT. LLVM's and Intel's also count the CPUs once, at the
first region: if a cpuset or an affinity was narrowed in that moment, all threads yield to one another until the process
ends, and take twice as long, although the kernel allows all CPUs again.
"""

import ctypes
import os
from collections.abc import Sequence
from typing import NamedTuple

from bench.launch.libraries import open_openmp
from bench.records.cpulist import parse_cpulist
from bench.records.profile import Binding
from bench.records.reason import Reason

_REGION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_DEFAULT_THREADS = 0
"""`GOMP_parallel` then takes the number that was set, as torch's kernels do (GCC, libgomp/parallel.c)."""


class Team(NamedTuple):
    """The threads of a parallel region.

    Attributes:
        masks: The CPUs that each thread may run on.
        runtime_cpus: How many CPUs the OpenMP runtime takes itself to have.
    """

    masks: tuple[frozenset[int], ...]
    runtime_cpus: int


def gather_team() -> Team | None:
    """Return the threads of a parallel region, by running one; None if no OpenMP runtime is loaded."""
    runtime = open_openmp()
    if runtime is None:
        return None
    masks: list[frozenset[int]] = []
    region = _REGION(lambda _data: masks.append(frozenset(os.sched_getaffinity(0))))
    runtime.GOMP_parallel(region, None, _DEFAULT_THREADS, 0)
    return Team(tuple(masks), runtime.omp_get_num_procs())


def find_team_problem(binding: Binding, team: Team | None) -> Reason | None:
    """Return that a team is smaller than planned; None if it is not, or if there is none to count."""
    if team is None or len(team.masks) >= binding.threads:
        return None
    return Reason(code="team_smaller", values={"planned": str(binding.threads), "found": str(len(team.masks))})


def is_team_narrowed(binding: Binding, team: Team | None) -> bool:
    """Return whether a team has fewer CPUs than its binding: somebody narrowed them, and did not give all of them back.

    The main thread's mask does not show it: threads keep their own masks, and a runtime its count.

    Args:
        binding: Of the process; bench sets no variable that places threads.
        team: Of this process.
    """
    if team is None:
        return False
    cpus = parse_cpulist(binding.cpus)
    return team.runtime_cpus < len(cpus) or count_apart(team.masks) < min(len(team.masks), len(cpus))


def count_apart(masks: Sequence[frozenset[int]]) -> int:
    """Return how many threads can run at once, each on a CPU of its own.

    Method: maximum matching by augmenting paths (Kuhn, Naval Research Logistics Quarterly 2, 1955).

    Args:
        masks: The CPUs that each thread may run on.
    """
    narrowest_first = sorted(masks, key=len)  # most threads then find a free CPU at once
    taken: dict[int, int] = {}

    def place(thread: int, tried: set[int]) -> bool:
        mask = narrowest_first[thread]
        free = mask - taken.keys()
        if free:
            taken[min(free)] = thread
            return True
        for cpu in mask - tried:
            tried.add(cpu)
            if place(taken[cpu], tried):
                taken[cpu] = thread
                return True
        return False

    return sum(place(thread, set()) for thread in range(len(masks)))
