from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from tests.unit.hardware.servers import SERVERS, Server


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_is_right_on_composed_servers(compose: Callable[[Mapping[str, str]], Path], server: Server) -> None:
    machine = detect(compose(server.files()))
    topology = machine.topology
    with_cpus = [node for node in topology.nodes if node.cpus]
    assert (machine.cpu.microarchitecture, machine.cpu.confidence) == (server.microarchitecture, "identified")
    assert not machine.cpu.emulated
    assert machine.missing == ()
    assert topology.package_count == server.packages
    assert topology.core_count == server.core_count
    assert topology.cpu_count == server.core_count * server.threads
    assert topology.smt_active == (server.threads > 1)
    assert len(with_cpus) == server.packages * server.nodes_per_package
    assert len(topology.nodes) == len(with_cpus) + server.memory_nodes
    assert len({core.l3 for core in topology.cores}) == len(with_cpus) * server.l3_per_node
    assert {core.kind for core in topology.cores} == {"uniform"}
    assert [list(core.cpus) for core in topology.cores] == [server.cpus_of(core) for core in range(server.core_count)]
    assert machine.firmware.system_vendor == (server.vendor or None)
