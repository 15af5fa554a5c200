"""Lists of hosts for schedulers, such as `srun --exclude=FILE`."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bench.records.triage import MachineOutcome, Triage

HOST_LISTS: Mapping[str, frozenset[MachineOutcome]] = MappingProxyType(
    {
        "nodes.ok": frozenset({"fine"}),
        "nodes.bad": frozenset({"slow", "wrong_outputs"}),
        "nodes.suspect": frozenset({"suspect"}),
    }
)
"""File → the verdicts on the machines that are in it. Those that are too noisy or not comparable are in none."""

_GRAVITY: Sequence[MachineOutcome] = ("wrong_outputs", "slow", "suspect", "too_noisy", "not_comparable", "fine")
"""The gravest first."""

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?", re.ASCII)
"""RFC 1123. Schedulers give commas, brackets and blanks a meaning, and a bundle's author chooses what a host is called."""


def list_hosts(triage: Triage, outcomes: frozenset[MachineOutcome]) -> bytes:
    """Return the names of machines with some verdicts, a line each, sorted; a name that is no host's is left out.

    A machine that is known by its run alone has no name of a host. A host that is in several classes is in the list of its
    gravest verdict alone.
    """
    gravest: dict[str, MachineOutcome] = {}
    for machine in triage.machines:
        gravest[machine.name] = min(gravest.get(machine.name, machine.outcome), machine.outcome, key=_GRAVITY.index)
    runs = {bundle.run_id for machine in triage.machines for bundle in machine.bundles}
    names = (
        name
        for name, outcome in gravest.items()
        if outcome in outcomes and _HOST_NAME.fullmatch(name) and name not in runs
    )
    return "".join(f"{name}\n" for name in sorted(names)).encode()
