"""A worker in an image: what its container may do, and what it gets."""

from pathlib import Path

from bench.bundle.source import PROJECT
from bench.containers.plan import LABEL, PYTHON, Boundary, worker_options
from bench.containers.worker import choose_variables
from bench.launch.environment import UNSET_IN_IMAGES
from bench.launch.isolation import START, module_argv
from tests.builders import DIGEST


def test_its_container_is_bound_as_planned_and_as_restricted_as_that_of_a_run() -> None:
    options = worker_options(
        DIGEST, "bench.worker", user="1000:1000", boundary=Boundary(cpus="0-3", memory_nodes="1"), variables={"X": "1"}
    )
    assert (options["cpuset_cpus"], options["cpuset_mems"], options["user"]) == ("0-3", "1", "1000:1000")
    assert (options["cap_drop"], options["cap_add"], options["read_only"]) == (["ALL"], ["SYS_NICE"], True)
    assert (options["network_mode"], options["security_opt"]) == ("none", ["no-new-privileges:true"])
    assert options["entrypoint"] == list(module_argv(PYTHON, "bench.worker"))
    assert options["labels"] == {LABEL: "worker"}


def test_it_finds_this_bench_and_not_the_images() -> None:
    assert Path(START).is_relative_to(PROJECT / "bench")  # which is mounted at the same path


def test_no_variable_of_the_image_decides_what_it_imports() -> None:
    anywhere = Boundary(cpus="", memory_nodes="")
    options = worker_options(DIGEST, "bench.worker", user=None, boundary=anywhere, variables={"X": "1"})
    assert options["environment"] == {"X": "1", **dict.fromkeys(UNSET_IN_IMAGES, "")}
    assert "PYTHONPATH" in UNSET_IN_IMAGES


def test_it_gets_the_variables_of_the_plan_and_none_of_this_host() -> None:
    here = {
        "OMP_NUM_THREADS": "2",
        "PATH": "/home/me/.venv/bin",
        "HOME": "/home/me",
        "VIRTUAL_ENV": "/home/me/.venv",
        "DOCKER_HOST": "unix:///run/docker.sock",
        "LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
    }
    assert choose_variables(here) == {"OMP_NUM_THREADS": "2"}
