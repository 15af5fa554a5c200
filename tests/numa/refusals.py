"""Invalid bindings: refused by the kernel, or found when the effective binding is read back."""

from bench.records.profile import Binding
from tests.numa.instance import Request, ask_instances
from tests.numa.ledger import Ledger


def check_refusals(ledger: Ledger) -> None:
    """What the kernel refuses ends in an error that says what may be had instead."""
    offline, beside, absent = ask_instances(
        Request(binding=Binding(cpus="2", memory_nodes="0", threads=1)),
        Request(binding=Binding(cpus="2-3", memory_nodes="0", threads=1)),
        Request(binding=Binding(cpus="0", memory_nodes="2", threads=1)),
    )
    ledger.equal(
        "refused: the offline CPU",
        offline.refused,
        "plan binds CPUs 2, but the kernel refuses (Invalid argument); allowed are 0-1,3-7: "
        "widen --cpuset-cpus, or plan with --cpus",
    )
    ledger.equal(
        "refused: the offline CPU beside another",
        beside.refused,
        "plan binds CPUs 2-3, but CPUs 2 were switched off or taken away: keep them online, or plan with --cpus",
    )
    ledger.equal(
        "refused: a node that is not there",
        absent.refused,
        "plan binds memory to nodes 2, but the kernel refuses (Invalid argument); "
        "widen --cpuset-mems, or plan with --memory-nodes",
    )


def check_problems(ledger: Ledger) -> None:
    """What the kernel silently narrows, or a thread leaves, is a problem."""
    nodes, escaped = ask_instances(
        Request(binding=Binding(cpus="0", memory_nodes="0,2", threads=1)),
        Request(binding=Binding(cpus="0,3", memory_nodes="0", threads=2), escape=frozenset({4, 6})),
    )
    ledger.equal(
        "problem: a node that is not there beside another",
        nodes.problem,
        "plan binds memory to nodes 0,2, but only 0-1 are allowed",
    )
    ledger.equal(
        "problem: a thread on other CPUs", escaped.problem, "plan binds CPUs 0,3, but the worker ran on 0,3-4,6"
    )
