"""What every recorded machine satisfies, however odd it is: a check that refuses an honest host is worse than none."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from bench.records.machine import Machine
from bench.verification.identity import check_identity
from bench.verification.machine import check_cpu, check_topology
from tests.unit.hardware.conftest import MACHINES, Unpack, compose, recorded
from tests.unit.hardware.servers import SERVERS, Server

__all__ = ["compose", "recorded"]

RECORDED = sorted(path.name.removesuffix(".tar.gz") for path in MACHINES.glob("*.tar.gz"))


def check(machine: Machine) -> None:
    check_cpu(machine.cpu)
    check_topology(machine.topology)
    check_identity(machine.cpu)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_machine_agrees_with_itself(recorded: Unpack, name: str) -> None:
    check(detect(recorded(name)))


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_a_composed_server_agrees_with_itself(compose: Callable[[Mapping[str, str]], Path], server: Server) -> None:
    check(detect(compose(server.files())))


def test_this_machine_agrees_with_itself() -> None:
    check(detect())
