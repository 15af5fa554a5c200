"""Limits that control groups, cpusets and containers set for this process."""

import re
from collections.abc import Iterable
from typing import Final

from bench.hardware.cgroup import Cgroups
from bench.hardware.nodes import parse_total_memory
from bench.hardware.process import Process
from bench.hardware.tree import Tree
from bench.records.cpulist import parse_cpulist
from bench.records.machine import Limits, Node

_STATUS: Final = "proc/self/status"

_BY_GROUP: Final = (
    # part of a group's path, container
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("cri-containerd", "containerd"),
    ("crio-", "cri-o"),
    ("lxc", "lxc"),
    ("machine.slice/systemd-nspawn", "systemd-nspawn"),
    ("garden", "garden"),
)

_BY_FILE: Final = (
    ("var/run/secrets/kubernetes.io", "kubernetes"),
    ("run/secrets/kubernetes.io", "kubernetes"),
    ("run/.containerenv", "podman"),
    (".dockerenv", "docker"),
    (".singularity.d", "apptainer"),
)


def read_limits(tree: Tree, cgroups: Cgroups, nodes: tuple[Node, ...]) -> Limits:
    """Read the limits. Without `/proc/meminfo` the machine's memory is the sum of its nodes'."""
    total = parse_total_memory(tree.text("proc/meminfo") or "")
    if total is None and nodes:
        known = [node.memory_bytes for node in nodes if node.memory_bytes is not None]
        total = sum(known) if len(known) == len(nodes) else None
    if total is None:
        tree.note("total_memory_unknown")
    return Limits(
        cgroup_version=cgroups.version,
        cpu_quota=cgroups.read_cpu_quota(),
        memory_bytes=cgroups.read_memory_limit(),
        total_memory_bytes=total,
        container=find_container(tree, cgroups.groups.values()),
    )


def find_container(tree: Tree, groups: Iterable[str]) -> str | None:
    """Return what kind of container the process is in; None if nothing shows one.

    A pod's containers show the engine's marks too, so `kubernetes` is looked for first.
    """
    paths = tuple(groups)
    by_group = next((kind for mark, kind in _BY_GROUP if any(mark in path for path in paths)), None)
    by_file = next((kind for path, kind in _BY_FILE if tree.has(path)), None)
    if "kubernetes" in {by_group, by_file}:
        return "kubernetes"
    return by_group or by_file or tree.line("run/systemd/container")


def read_allowed_cpus(tree: Tree, process: Process, cgroups: Cgroups, online: frozenset[int]) -> frozenset[int]:
    """Return the online CPUs that the process may use.

    The scheduler's answer counts if there is one: it respects the cpuset already. A recorded tree has
    `Cpus_allowed_list`, which may name offline CPUs, or the cpuset's files.
    """
    allowed = process.affinity
    if allowed is None:
        allowed = _read_status_list(tree, "Cpus_allowed_list")
    if allowed is None:
        allowed = cgroups.read_cpuset("cpus")
    if allowed is None:
        return online
    if not allowed & online:
        tree.note("no_allowed_cpu_online")
        return online
    return allowed & online


def read_allowed_nodes(tree: Tree, cgroups: Cgroups, nodes: tuple[Node, ...]) -> frozenset[int]:
    """Return the nodes with memory that the process may use: not always those that its CPUs are on."""
    with_memory = frozenset(node.id for node in nodes if node.memory_bytes != 0)
    allowed = _read_status_list(tree, "Mems_allowed_list")
    if allowed is None:
        allowed = cgroups.read_cpuset("mems")
    return with_memory if allowed is None else with_memory & allowed


def _read_status_list(tree: Tree, key: str) -> frozenset[int] | None:
    match = re.search(rf"^{key}:[ \t]*(\S*)[ \t]*$", tree.text(_STATUS) or "", re.MULTILINE)
    if match is None:
        return None
    try:
        return parse_cpulist(match[1])
    except ValueError:
        tree.note("not_a_cpu_list", path=f"{_STATUS} {key}", text=match[1][:80])
        return None
