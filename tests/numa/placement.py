"""Processes that bind themselves: on which CPUs their threads run, and on which node their pages lie."""

from bench.records.cpulist import parse_cpulist
from bench.records.profile import Binding
from tests.numa.instance import PAGES, Answer, Request, ask_instances
from tests.numa.layouts import resolve_here
from tests.numa.ledger import Ledger

OWN_PAGES = 4_096
"""A process touches stacks and the interpreter's memory beside its block, which huge pages round up: up to 16 MiB."""

FOREIGN_PAGES = 1_024
"""Pages of files may lie anywhere: up to 4 MiB."""


def check_instances(ledger: Ledger) -> None:
    """All instances of the throughput layout, at the same time."""
    bindings = resolve_here()["throughput"].instances
    for binding, answer in zip(
        bindings, ask_instances(*(Request(binding=planned) for planned in bindings)), strict=True
    ):
        name = f"instance on CPUs {binding.cpus}"
        check_binding(ledger, name, binding, answer, policy="bind")
        check_pages(ledger, name, answer, node=int(binding.memory_nodes))


def check_first_touch(ledger: Ledger) -> None:
    """Without nodes to bind to, memory comes from the node of the CPU that touches it first."""
    binding = Binding(cpus="5-7", memory_nodes="", threads=2)
    (answer,) = ask_instances(Request(binding=binding))
    check_binding(ledger, "no memory binding", binding, answer, policy="default")
    check_pages(ledger, "no memory binding", answer, node=1)


def check_memory_before_first_touch(ledger: Ledger) -> None:
    """Memory bound to a node comes from there, whichever node's CPUs touch it."""
    for cpus, node in (("0,3", 1), ("4,6", 0)):
        binding = Binding(cpus=cpus, memory_nodes=str(node), threads=2)
        (answer,) = ask_instances(Request(binding=binding))
        name = f"CPUs {cpus} with memory of node {node}"
        check_binding(ledger, name, binding, answer, policy="bind")
        check_pages(ledger, name, answer, node=node)


def check_nodes_joined(ledger: Ledger) -> None:
    """An instance of both nodes may use the memory of both."""
    binding = Binding(cpus="0,3-4,6", memory_nodes="0-1", threads=4)
    (answer,) = ask_instances(Request(binding=binding))
    check_binding(ledger, "an instance of both nodes", binding, answer, policy="bind")
    ledger.equal("an instance of both nodes: pages of its block", sum(answer.pages.values()), PAGES)
    ledger.true("an instance of both nodes: no page elsewhere", set(answer.pages) <= {0, 1})


def check_binding(ledger: Ledger, name: str, binding: Binding, answer: Answer, *, policy: str) -> None:
    """The effective binding, as bench reads it back, and as each thread sees itself."""
    after = answer.after
    if after is None:
        ledger.equal(f"{name}: is bound", answer.refused, None)
        return
    ledger.equal(f"{name}: effective CPUs", after.cpus, binding.cpus)
    ledger.equal(f"{name}: effective memory policy", after.memory_policy, policy)
    ledger.equal(f"{name}: memory is held by", answer.memory_binding, "mempolicy" if policy == "bind" else "cpuset")
    ledger.equal(
        f"{name}: CPUs of the threads started since",
        [thread.allowed for thread in answer.threads],
        [binding.cpus] * binding.threads,
    )
    strays = {thread.ran_on for thread in answer.threads} - parse_cpulist(binding.cpus)
    ledger.equal(f"{name}: CPUs run on beside these", strays, set())
    ledger.equal(f"{name}: problem", answer.problem, None)
    allocators = [library.name for library in after.libraries if library.role == "allocator" and library.effective]
    ledger.equal(f"{name}: effective allocator", allocators, ["system"])


def check_pages(ledger: Ledger, name: str, answer: Answer, *, node: int) -> None:
    """Where the block lies, from two sources: numa_maps as bench counts it, and the kernel asked page by page."""
    other = 1 - node
    ledger.equal(f"{name}: pages by node, asked one by one", answer.pages, {node: PAGES})
    ledger.within(f"{name}: new pages on node {node}", answer.count_new_pages(node), PAGES, PAGES + OWN_PAGES)
    ledger.within(f"{name}: new pages on node {other}", answer.count_new_pages(other), -FOREIGN_PAGES, FOREIGN_PAGES)
