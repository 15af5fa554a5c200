"""Put a diagnosis together: of this host with a probe, or of a recorded machine."""

import os
from collections.abc import Iterator
from pathlib import Path

from bench.doctor.capacity import find_capacity
from bench.doctor.neighbours import find_neighbours
from bench.doctor.probe import run_probe
from bench.doctor.settings import find_settings
from bench.doctor.software import (
    find_compiler_finding,
    find_engine_finding,
    find_folder_findings,
    find_libraries,
    read_folder,
)
from bench.errors import MachineError, ProfileError
from bench.hardware.detect import detect
from bench.hardware.readings import read_readings
from bench.hardware.tree import Tree
from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile
from bench.records.cpulist import parse_cpulist
from bench.records.diagnosis import Diagnosis, Finding, NeighbourProbe
from bench.records.machine import Machine
from bench.records.profile import Profile


def diagnose(root: Path, *, probe_s: float, output: Path) -> Diagnosis:
    """Look at a host, and change nothing.

    Args:
        root: This host's, or that of a recorded machine: of that, neither software nor neighbours can be told.
        probe_s: How long to probe for neighbours; 0 for no probe.
        output: The folder for results.

    Raises:
        MachineError: the machine cannot be read.
    """
    tree = Tree(root)
    machine = detect(tree)
    # The load, before the probe adds to it.
    readings = read_readings(tree)
    findings = [*find_settings(machine, readings), *find_capacity(machine, readings)]
    probe = None
    if tree.is_host:
        findings += _find_software(machine, tree, output)
        if probe_s > 0:
            probe = _probe(machine.topology.allowed_cpus, probe_s)
    return Diagnosis(findings=(*findings, *find_neighbours(probe)), probe=probe)


def _probe(cpus: str, seconds: float) -> NeighbourProbe:
    """Probe this host.

    Raises:
        MachineError: the CPUs that this process may use changed meanwhile.
    """
    try:
        return run_probe(parse_cpulist(cpus), seconds, ticks_per_s=os.sysconf("SC_CLK_TCK"))
    except OSError as error:
        raise MachineError(
            f"CPUs {cpus} could not all be probed: {error.strerror}; the CPUs that this process may use changed, so start again"
        ) from error


def _find_software(machine: Machine, tree: Tree, output: Path) -> Iterator[Finding]:
    yield from find_libraries(_choose_profile(machine))
    yield find_compiler_finding(os.environ)
    yield find_engine_finding()
    yield from find_folder_findings(read_folder(output, tree))


def _choose_profile(machine: Machine) -> Profile | None:
    profiles = load_profiles()
    try:
        return profiles[choose_profile(profiles, machine).name]
    except ProfileError:
        return None
