"""Find what some machines of a class have otherwise than most: settings, and outputs. Pure."""

from collections import Counter
from collections.abc import Sequence

from bench.records.triage import OddOutputs, OddSetting
from bench.triage.classes import FleetMachine
from bench.triage.run import ABSENT

AGREEING_MIN = 2
"""Fewest machines whose outputs agree to the last bit: of two machines that differ, neither is known to be right."""


def find_odd_settings(machines: Sequence[FleetMachine]) -> tuple[OddSetting, ...]:
    """Return the settings that are not equal on all machines of a class, by field.

    A machine that was changed between its runs has both values, joined by ` then `.
    """
    fields = sorted({field for machine in machines for run in machine.runs for field in run.settings})
    return tuple(setting for field in fields if (setting := _find_odd_setting(field, machines)) is not None)


def _find_odd_setting(field: str, machines: Sequence[FleetMachine]) -> OddSetting | None:
    values = {
        machine.name: " then ".join(dict.fromkeys(run.settings.get(field, ABSENT) for run in machine.runs))
        for machine in machines
    }
    counts = Counter(values.values())
    if len(counts) == 1:
        return None
    usual = min(counts, key=lambda value: (-counts[value], value))
    odd = {
        value: tuple(name for name in sorted(values) if values[name] == value)
        for value in sorted(counts)
        if value != usual
    }
    return OddSetting(field=field, usual=usual, usual_count=counts[usual], odd=odd)


def find_odd_outputs(machines: Sequence[FleetMachine]) -> dict[str, tuple[OddOutputs, ...]]:
    """Return the cells in which a machine computed something else than most that took the same instruction path.

    Where no outputs are those of most machines, as of a workload that is not deterministic, nothing is said.

    Returns:
        By machine; without those that agree.
    """
    cells: dict[tuple[str, str], dict[str, set[str]]] = {}
    for machine in machines:
        for run in machine.runs:
            for label, cell in run.cells.items():
                if cell.outputs is not None:
                    outputs, path = cell.outputs
                    cells.setdefault((label, path), {}).setdefault(machine.name, set()).add(outputs)
    found: dict[str, list[OddOutputs]] = {}
    for (label, _), by_machine in sorted(cells.items()):
        counts = Counter(outputs for made in by_machine.values() for outputs in made if len(made) == 1)
        usual, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        odd = [name for name, made in sorted(by_machine.items()) if made != {usual}]
        if agreeing < AGREEING_MIN or agreeing <= len(odd):
            continue
        for name in odd:
            found.setdefault(name, []).append(OddOutputs(cell=label, agreeing=agreeing, others=len(odd)))
    return {name: tuple(outputs) for name, outputs in found.items()}
