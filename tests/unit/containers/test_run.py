"""A container from its creation to its removal, however it goes."""

import errno
from typing import Any, cast

import pytest
from docker import DockerClient
from docker.errors import APIError

from bench.containers.plan import ContainerPlan
from bench.containers.run import STOP_S, run_container
from bench.errors import EnvironmentUnfitError
from bench.launch.attendance import ATTENDED
from tests.unit.containers.scripted import ScriptedClient


def run(client: ScriptedClient, plan: ContainerPlan) -> tuple[int, bytes, bytes]:
    out, err = bytearray(), bytearray()
    status = run_container(cast("DockerClient", client), plan, out=out.extend, err=err.extend)
    return status, bytes(out), bytes(err)


def test_output_and_status_are_the_runs_own(plan: ContainerPlan) -> None:
    client = ScriptedClient([(b"table\n", None), (None, b"progress\n"), (b"bundle\n", b"more\n")], status=5)
    assert run(client, plan) == (5, b"table\nbundle\n", b"progress\nmore\n")


def test_who_waits_for_its_death_asks_before_it_lives(plan: ContainerPlan) -> None:
    client = ScriptedClient([])
    run(client, plan)
    assert client.asked == ["create", "events", "attach", "attach stdin stream of c0ffee", "start", "remove"]
    assert client.deaths.closed


def test_results_are_writable_and_the_users_files_are_not(plan: ContainerPlan) -> None:
    client = ScriptedClient([])
    run(client, plan)
    mounts: list[dict[str, Any]] = client.options["mounts"]
    assert [(mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in mounts] == [
        ("/home/user/results", "/home/user/results", False),
        ("/home/user/mine.toml", "/home/user/mine.toml", True),
    ]


def test_ctrl_c_stops_it_and_passes_on_its_last_words(plan: ContainerPlan) -> None:
    client = ScriptedClient([(b"a", None), KeyboardInterrupt(), (None, b"go on with --resume\n")], status=130)
    assert run(client, plan) == (130, b"a", b"go on with --resume\n")
    assert client.asked[-3:] == ["attach", f"stop {STOP_S}", "remove"]


def test_it_is_stopped_when_nobody_reads_its_output_as_after_a_hangup(plan: ContainerPlan) -> None:
    client = ScriptedClient([(b"a", None)], status=130)

    def refuse(_chunk: bytes) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        run_container(cast("DockerClient", client), plan, out=refuse, err=refuse)
    assert client.asked[-2:] == [f"stop {STOP_S}", "remove"]


def test_its_standard_input_is_open_as_long_as_this_process_lives(plan: ContainerPlan) -> None:
    client = ScriptedClient([])
    run(client, plan)
    assert client.options["stdin_open"] is True
    assert client.options["environment"][ATTENDED] == "1"
    assert client.standard_input.closed


def test_a_second_ctrl_c_kills_it(plan: ContainerPlan) -> None:
    client = ScriptedClient([KeyboardInterrupt(), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        run(client, plan)
    assert client.asked[-1] == "remove"


def test_a_container_that_cannot_start_is_removed_and_reported_in_one_line(plan: ContainerPlan) -> None:
    refusal = APIError("500 Server Error", explanation="Requested CPUs are not available - requested 0-3,8")
    client = ScriptedClient([], start_error=refusal)
    with pytest.raises(EnvironmentUnfitError, match="cannot be started: Requested CPUs are not available"):
        run(client, plan)
    assert client.asked[-1] == "remove"


def test_one_that_was_killed_is_no_result(plan: ContainerPlan) -> None:
    with pytest.raises(EnvironmentUnfitError, match="killed"):
        run(ScriptedClient([], status=137), plan)


def test_one_that_disappeared_is_no_result(plan: ContainerPlan) -> None:
    with pytest.raises(EnvironmentUnfitError, match="disappeared"):
        run(ScriptedClient([], status=None), plan)
