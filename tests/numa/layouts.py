"""The layouts of the profile on this machine."""

from bench.hardware.detect import detect
from bench.profiles.load import find_profile
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.records.profile import LAYOUTS, Binding, Layout
from bench.records.reason import Reason
from tests.numa.detection import PROFILE
from tests.numa.ledger import Ledger

ON_NODE_0 = Binding(cpus="0,3", memory_nodes="0", threads=2)
"""CPU 3 is its core's only one, as its sibling 2 is offline."""

ON_NODE_1 = Binding(cpus="4,6", memory_nodes="1", threads=2)


def resolve_here() -> dict[str, Layout]:
    """All layouts of the machine as this process sees it."""
    layouts = resolve_layouts(find_profile(PROFILE), detect(), LAYOUTS, Overrides())
    return {layout.name: layout for layout in layouts}


def check_layouts(ledger: Ledger) -> None:
    """One thread for each physical core; memory of the CPUs' own node."""
    layouts = resolve_here()
    ledger.equal(
        "layout throughput: an instance for each node", layouts["throughput"].instances, (ON_NODE_0, ON_NODE_1)
    )
    ledger.equal(
        "layout throughput: the siblings left idle, without CPU 2",
        layouts["throughput"].notes,
        (Reason(code="idle_siblings", values={"cpus": "1,5,7"}),),
    )
    ledger.equal("layout latency: one node", layouts["latency"].instances, (ON_NODE_0,))
    ledger.equal(
        "layout latency: the other node is idle",
        layouts["latency"].notes,
        (
            Reason(code="idle_other_nodes", values={"cpus": "4,6", "used": "node 0"}),
            Reason(code="idle_siblings", values={"cpus": "1"}),
        ),
    )
    ledger.equal(
        "layout single_core: one CPU",
        layouts["single_core"].instances,
        (Binding(cpus="0", memory_nodes="0", threads=1),),
    )
