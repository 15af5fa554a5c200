"""All checks by name: the words that a policy may use."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.compare.qualification.cell_checks import CORRECTNESS, PERFORMANCE, STABILITY
from bench.compare.qualification.check import Check
from bench.compare.qualification.machine_checks import ENVIRONMENT, HARDWARE
from bench.records.qualification import Rule

CHECKS: Mapping[str, Check] = MappingProxyType(
    {check.name: check for group in (HARDWARE, ENVIRONMENT, STABILITY, CORRECTNESS, PERFORMANCE) for check in group}
)

BUILT_IN: Mapping[str, Rule] = MappingProxyType(
    {
        "never-emulated": Rule(check="environment.emulated", equals=False),
        "something-measured": Rule(check="correctness.measured_cell_count", at_least=1),
    }
)
"""Rules of every policy, which none can change or waive. An emulator's speed is not a CPU's, and a run that measured
nothing is not a success."""
