"""Check that the operators of a profiled call fit one another, the call and the machine."""

from itertools import pairwise

from bench.errors import BundleError
from bench.records.machine import Machine
from bench.records.measurement import InstanceResult, OperatorProfile
from bench.records.plan import Policy

CALL_LIMIT_RATIO = 5.0
"""The profiled call does what a timed one does, and takes longer. It may have met less noise than all timed ones."""


def check_operators(profile: OperatorProfile, machine: Machine, policy: Policy, where: str) -> None:
    """Refuse operators that stand twice or in another order than by their time, and times that cannot add up.

    Raises:
        BundleError: says what is impossible.
    """
    names = [operator.name for operator in profile.operators]
    if len(set(names)) != len(names):
        raise BundleError(f"{where}: an operator stands twice in its profile")
    order = [(-operator.own_ns, operator.name) for operator in profile.operators]
    if any(after < before for before, after in pairwise(order)):
        raise BundleError(f"{where}: the operators of its profile are not in order of their time")
    listed_ns = sum(operator.own_ns for operator in profile.operators)
    if listed_ns > profile.own_ns:
        raise BundleError(f"{where}: its operators took {listed_ns} ns, all operators together {profile.own_ns} ns")
    # Own times of one thread add up to the call at most; operators may be called from several threads.
    most_ns = (profile.elapsed_ns + 1000) * max(1, machine.topology.cpu_count)
    if profile.own_ns > most_ns:
        raise BundleError(
            f"{where}: its operators took {profile.own_ns} ns in a call of {profile.elapsed_ns} ns on "
            f"{machine.topology.cpu_count} CPUs"
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
