"""What a container allows is seen, kept to, and recorded."""

import json
import os
from typing import Any

import pytest

from tests.container.engine import Engine

pytestmark = pytest.mark.docker

DRY_RUN = ("run", "--suite", "smoke", "--layout", "latency,throughput,single_core", "--dry-run", "--json")
LAST_CPU = str(max(os.sched_getaffinity(0)))
"""A logical CPU that this host allows, and not the first where there are more."""


def test_plans_only_the_cpus_of_the_cpuset(engine: Engine) -> None:
    finished = engine.run(*DRY_RUN, cpuset_cpus=LAST_CPU)

    assert finished.status == 0, finished.stderr
    cells = json.loads(finished.stdout)["cells"]
    instances = [instance for cell in cells for instance in cell["instances"]]
    assert {(instance["cpus"], instance["threads"]) for instance in instances} == {(LAST_CPU, 1)}


def test_records_the_cpuset(engine: Engine) -> None:
    machine = json.loads(engine.run("detect", "--json", cpuset_cpus=LAST_CPU).stdout)

    assert machine["topology"]["allowed_cpus"] == LAST_CPU


def test_rounds_threads_down_to_a_quota_and_says_so(engine: Engine) -> None:
    finished = engine.run(*DRY_RUN, nano_cpus=1_500_000_000)

    assert finished.status == 0, finished.stderr
    plan = json.loads(finished.stdout)
    assert {sum(instance["threads"] for instance in cell["instances"]) for cell in plan["cells"]} == {1}
    latency = next(layout for layout in plan["layouts"] if layout["name"] == "latency")
    assert ("quota_cuts_threads", "1.5") in {
        (note["code"], note["values"].get("quota_cpus")) for note in latency["notes"]
    }


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({}, {"cpu_quota": None, "container": "docker"}),
        ({"nano_cpus": 1_500_000_000}, {"cpu_quota": 1.5}),
        ({"mem_limit": "2g", "memswap_limit": "2g"}, {"memory_bytes": 2 << 30}),
    ],
    ids=["no limit", "a quota of CPU time", "a limit of memory"],
)
def test_records_the_limits_in_force(engine: Engine, options: dict[str, Any], limits: dict[str, Any]) -> None:
    machine = json.loads(engine.run("detect", "--json", **options).stdout)

    assert machine["limits"].items() >= limits.items()
