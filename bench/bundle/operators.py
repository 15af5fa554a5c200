"""Check that the operators of a profiled call fit one another, the call and the machine."""

from itertools import pairwise

from bench.errors import BundleError
from bench.records.machine import Machine
from bench.records.measurement import InstanceResult, OperatorProfile
from bench.records.plan import Cell, Policy

CALL_LIMIT_RATIO = 5.0
"""The profiled call does what a timed one does, and takes longer. It may have met less noise than all timed ones."""


CLOCK_LIMIT_RATIO = 1.05
"""The profiler reads another clock than the one that times the whole call."""


def check_operators(profile: OperatorProfile, cell: Cell, machine: Machine, policy: Policy, where: str) -> None:
    """Refuse operators that stand twice or in another order than by their time, and times that cannot add up.

    Args:
        profile: Of one instance of the cell.
        cell: Of the plan.
        machine: Of the run.
        policy: Of the plan.
        where: To call the profile in an error.

    Raises:
        BundleError: says what is impossible.
    """
    names = [operator.name for operator in profile.operators]
    if len(set(names)) != len(names):
        raise BundleError(f"{where}: an operator is listed twice in its profile")
    order = [(-operator.own_ns, operator.name) for operator in profile.operators]
    if any(after < before for before, after in pairwise(order)):
        raise BundleError(f"{where}: the operators of its profile are not in order of their time")
    listed_ns = sum(operator.own_ns for operator in profile.operators)
    if listed_ns > profile.own_ns:
        raise BundleError(f"{where}: its operators took {listed_ns} ns, all operators together {profile.own_ns} ns")
    # Own times of one thread add up to the call at most. Threads that call operators are the caller, those of the
    # binding, and those of torch's pool between operators, of which it makes no more than there are CPUs.
    threads = 1 + max(binding.threads for binding in cell.instances) + machine.topology.cpu_count
    if profile.own_ns > profile.elapsed_ns * threads * CLOCK_LIMIT_RATIO:
        raise BundleError(
            f"{where}: its operators took {profile.own_ns} ns in a call of {profile.elapsed_ns} ns by at most {threads} "
            "threads"
        )
    if profile.elapsed_ns > policy.timeout_s * 1e9:
        raise BundleError(
            f"{where}: its profiled call took {profile.elapsed_ns} ns, its repetition had {policy.timeout_s} s"
        )


def check_profiled_call(instance: InstanceResult, profile: OperatorProfile, where: str) -> None:
    """Refuse a profiled call that was far faster than all timed ones.

    Args:
        instance: Of a valid repetition: noise that voids one may be gone when its call is profiled.
        profile: Its profile.
        where: To call it in an error.

    Raises:
        BundleError: it was.
    """
    fastest_ns = min(sample.elapsed_ns / sample.iterations for sample in instance.samples)
    if profile.elapsed_ns * CALL_LIMIT_RATIO < fastest_ns:
        raise BundleError(
            f"{where}: its profiled call took {profile.elapsed_ns} ns, the fastest timed one {fastest_ns:.0f} ns"
        )
