"""What every recorded machine satisfies, however odd it is: a check that refuses an honest host is worse than none."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from bench.verification.identity import check_identity
from tests.unit.hardware.conftest import MACHINES, Unpack, compose, recorded
from tests.unit.hardware.servers import SERVERS, Server

__all__ = ["compose", "recorded"]

RECORDED = sorted(path.name.removesuffix(".tar.gz") for path in MACHINES.glob("*.tar.gz"))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_machine_is_called_what_its_numbers_say(recorded: Unpack, name: str) -> None:
    check_identity(detect(recorded(name)).cpu)


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_a_composed_server_is_called_what_its_numbers_say(
    compose: Callable[[Mapping[str, str]], Path], server: Server
) -> None:
    check_identity(detect(compose(server.files())).cpu)


def test_this_machine_is_called_what_its_numbers_say() -> None:
    check_identity(detect().cpu)
