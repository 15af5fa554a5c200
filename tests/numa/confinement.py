"""Control groups, version 2: what they leave to a process, and that bench keeps to it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.hardware.detect import detect
from bench.records.machine import Limits, Topology
from bench.records.profile import Binding, Layout
from bench.records.reason import Reason
from tests.numa.apart import run_apart
from tests.numa.detection import MIB
from tests.numa.instance import Request, ask_instances
from tests.numa.layouts import ON_NODE_1, resolve_here
from tests.numa.ledger import Ledger
from tests.numa.placement import check_binding, check_pages

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The machine as it looks from inside a group."""

    topology: Topology
    limits: Limits
    layouts: dict[str, Layout]


def look_from(group: Path) -> View:
    """Detect and resolve in a process inside a group."""
    (view,) = run_apart(_join_and_look, (group,), View)
    return view


def _join_and_look(group: Path) -> View:
    (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    machine = detect()
    return View(topology=machine.topology, limits=machine.limits, layouts=resolve_here())


@contextmanager
def made_group(name: str, settings: Mapping[str, str]) -> Iterator[Path]:
    """A control group with these files written; it is removed afterwards."""
    (_ROOT / "cgroup.subtree_control").write_text("+cpuset +cpu +memory", encoding="ascii")
    group = _ROOT / name
    group.mkdir()
    try:
        for file, value in settings.items():
            (group / file).write_text(value, encoding="ascii")
        yield group
    finally:
        group.rmdir()


def check_cpuset(ledger: Ledger) -> None:
    """A cpuset of one node's CPUs, with and without a few of the other's."""
    with made_group("uneven", {"cpuset.cpus": "1-2,4-7", "cpuset.mems": "1"}) as group:
        view = look_from(group)
        topology = view.topology
        ledger.equal("cpuset: allowed CPUs, without the offline one it names", topology.allowed_cpus, "1,4-7")
        ledger.equal("cpuset: allowed memory nodes", topology.allowed_memory_nodes, "1")
        ledger.equal("cpuset: online CPUs are the machine's", topology.online_cpus, "0-1,3-7")
        ledger.equal("cpuset: latency takes the node with most cores", view.layouts["latency"].instances, (ON_NODE_1,))
    with made_group("one-instance", {"cpuset.cpus": "4-7", "cpuset.mems": "1"}) as group:
        bindings = look_from(group).layouts["throughput"].instances
        ledger.equal("cpuset of one node: throughput is one instance", bindings, (ON_NODE_1,))
        held, cpus, node = ask_instances(
            Request(binding=ON_NODE_1, group=group),
            Request(binding=Binding(cpus="0,3", memory_nodes="1", threads=2), group=group),
            Request(binding=Binding(cpus="4,6", memory_nodes="0", threads=2), group=group),
        )
        check_binding(ledger, "cpuset of one node", ON_NODE_1, held, policy="bind")
        check_pages(ledger, "cpuset of one node", held, node=1)
        ledger.equal(
            "cpuset of one node: CPUs beyond it are refused",
            cpus.refused,
            "plan binds CPUs 0,3, but the kernel refuses (Invalid argument); allowed are 4-7: "
            "widen --cpuset-cpus, or plan with --cpus",
        )
        ledger.equal(
            "cpuset of one node: memory beyond it is refused",
            node.refused,
            "plan binds memory to nodes 0, but the kernel refuses (Invalid argument); "
            "widen --cpuset-mems, or plan with --memory-nodes",
        )


def check_far_memory(ledger: Ledger) -> None:
    """A cpuset whose memory is on the other node than its CPUs: the layout says so and binds to what there is."""
    with made_group("far-memory", {"cpuset.cpus": "4-7", "cpuset.mems": "0"}) as group:
        layout = look_from(group).layouts["throughput"]
        binding = Binding(cpus="4,6", memory_nodes="0", threads=2)
        ledger.equal("cpuset with far memory: throughput", layout.instances, (binding,))
        note = Reason(code="memory_elsewhere", values={"cpu_nodes": "1", "memory_nodes": "0"})
        ledger.true("cpuset with far memory: a note says so", note in layout.notes)
        (answer,) = ask_instances(Request(binding=binding, group=group))
        check_binding(ledger, "cpuset with far memory", binding, answer, policy="bind")
        check_pages(ledger, "cpuset with far memory", answer, node=0)


def check_quota(ledger: Ledger) -> None:
    """A quota of CPU time and a limit of memory."""
    with made_group("quota", {"cpu.max": "250000 100000", "memory.max": str(300 * MIB)}) as group:
        view = look_from(group)
        ledger.equal("quota: CPUs' worth of time", view.limits.cpu_quota, 2.5)
        ledger.equal("quota: bytes of memory", view.limits.memory_bytes, 300 * MIB)
        threads = [instance.threads for instance in view.layouts["throughput"].instances]
        ledger.equal("quota: threads of each instance of throughput, within it", threads, [1, 1])
