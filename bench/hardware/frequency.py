"""cpufreq: governor, driver and highest frequency of each CPU."""

from collections.abc import Iterator
from typing import Final

from bench.hardware.tree import Tree
from bench.records.cpulist import parse_cpulist
from bench.records.record import Record

_PATH: Final = "sys/devices/system/cpu"


class Frequencies(Record, frozen=True, kw_only=True):
    """What cpufreq shows; empty in most guests.

    Attributes:
        governors, drivers: All different ones, in order of CPUs.
        max_khz: Logical CPU → its highest frequency in kHz.
    """

    governors: tuple[str, ...]
    drivers: tuple[str, ...]
    max_khz: dict[int, int]


def read_frequencies(tree: Tree, online: frozenset[int]) -> Frequencies:
    """Read the policies of all online CPUs."""
    governors: dict[str, None] = {}
    drivers: dict[str, None] = {}
    max_khz: dict[int, int] = {}
    for base, cpus in _find_policies(tree, online):
        if governor := tree.line(f"{base}/scaling_governor"):
            governors[governor] = None
        if driver := tree.line(f"{base}/scaling_driver"):
            drivers[driver] = None
        highest = tree.integer(f"{base}/cpuinfo_max_freq")
        if highest is not None and highest > 0:
            max_khz.update((cpu, highest) for cpu in cpus & online)
    return Frequencies(governors=tuple(governors), drivers=tuple(drivers), max_khz=max_khz)


def _find_policies(tree: Tree, online: frozenset[int]) -> Iterator[tuple[str, frozenset[int]]]:
    """Yield the directories with their CPUs: `cpufreq/policyN`, or `cpuN/cpufreq` before Linux 4.3."""
    policies = tree.numbered(f"{_PATH}/cpufreq", "policy")
    for number in policies:
        base = f"{_PATH}/cpufreq/policy{number}"
        yield base, _parse_cpus(tree.text(f"{base}/affected_cpus"), number)
    if not policies:
        for cpu in sorted(online):
            base = f"{_PATH}/cpu{cpu}/cpufreq"
            yield base, frozenset({cpu})


def _parse_cpus(text: str | None, policy: int) -> frozenset[int]:
    """Parse `affected_cpus`, a list with blanks for commas; without it, a policy is named after its first CPU."""
    try:
        return parse_cpulist(",".join((text or "").split())) or frozenset({policy})
    except ValueError:
        return frozenset({policy})
