"""In a container, too, workers are bound as planned, with the planned libraries."""

import platform
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES
from bench.verification.verify import verify_bundle
from tests.container.engine import Engine

pytestmark = pytest.mark.docker

MEASURED = {0, 3}
HERE = tuple(name for name in OPENMP_RUNTIMES if name != "intel" or platform.machine() == "x86_64")
ONE_CELL = ("--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--repetitions", "1:2")
PROFILE = """\
name = "mine"
summary = "A profile of the user's own"

[match]
architecture = "x86_64"

[instance_per]
value = "node"
source = "a test"
evidence = "derived"

[openmp]
value = "intel"
source = "a test"
evidence = "derived"

[allocator]
value = "tcmalloc"
source = "a test"
evidence = "derived"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "memory_binding"),
    [({"cap_add": ["SYS_NICE"]}, "mempolicy"), ({}, "cpuset")],
    ids=["with SYS_NICE", "without"],
)
def test_two_instances_are_bound_to_a_cpu_each(
    engine: Engine, results: Path, options: dict[str, Any], memory_binding: str
) -> None:
    two = ("--layout", "throughput", "--instances", "2", "--threads", "1", "--openmp", "gnu", "--allocator", "system")
    finished = engine.run(*ONE_CELL, *two, results=results, **options)

    assert finished.status in MEASURED, finished.stderr
    [bundle] = results.glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    planned = [binding.cpus for binding in contents.plan.cells[0].instances]
    assert len(set(planned)) == 2
    for repetition in contents.measurements[0].repetitions:
        held = [instance.effective for instance in repetition.instances]
        assert [effective.cpus for effective in held] == planned
        assert {effective.memory_binding for effective in held} == {memory_binding}


@pytest.mark.slow
def test_a_profile_comes_in_through_a_volume(engine: Engine, results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.toml").write_text(PROFILE)
    volumes = {
        str(results): {"bind": "/results", "mode": "rw"},
        str(folder): {"bind": "/mine", "mode": "ro"},
    }
    finished = engine.run(*ONE_CELL, "--profile", "/mine/mine.toml", volumes=volumes)

    assert finished.status in MEASURED, finished.stderr
    [bundle] = results.glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    assert contents.profile.name == "mine"
    [repetition, *_] = contents.measurements[0].repetitions
    used = {library.name for library in repetition.instances[0].effective.libraries if library.effective}
    assert used == {"intel", "tcmalloc"}


def test_the_image_holds_every_runtime_and_allocator(engine: Engine) -> None:
    every = [("--openmp", openmp, "--allocator", allocator) for openmp, allocator in product(HERE, ALLOCATORS)]
    script = " && ".join(f"bench run --dry-run --suite smoke {' '.join(options)} >/dev/null" for options in every)
    finished = engine.run(
        "-c", f'bench() {{ /opt/bench/venv/bin/python /opt/bench/entrypoint.py "$@"; }}; {script}', entrypoint="/bin/sh"
    )
    assert (finished.status, finished.stderr) == (0, "")
