from pathlib import Path

import msgspec
import pytest

from bench.bundle.image import ANNOUNCEMENT, STATED_IMAGE
from bench.containers.plan import (
    Boundary,
    ContainerPlan,
    Limits,
    choose_user,
    container_options,
    draw_boundary,
    require_plain_folder,
)
from bench.errors import UsageError
from bench.records.image import StatedImage
from bench.records.profile import Binding, Layout, LayoutName, Runtime


def layout(name: LayoutName, *instances: tuple[str, str]) -> Layout:
    return Layout(
        name=name,
        instances=tuple(Binding(cpus=cpus, memory_nodes=nodes, threads=1) for cpus, nodes in instances),
        runtime=Runtime(openmp="gnu", allocator="system"),
        notes=(),
        overridden=(),
    )


def test_boundary_holds_every_instance_of_every_layout() -> None:
    layouts = [layout("latency", ("0-3", "0")), layout("throughput", ("0-3", "0"), ("8-11", "1"))]
    assert draw_boundary([*layouts[0].instances, *layouts[1].instances]) == Boundary(
        cpus="0-3,8-11", memory_nodes="0-1"
    )


def test_an_instance_that_may_use_any_memory_leaves_it_open() -> None:
    assert draw_boundary(layout("throughput", ("0", "0"), ("1", "")).instances).memory_nodes == ""


def test_nothing_is_granted_but_what_the_plan_says(plan: ContainerPlan) -> None:
    options = container_options(plan)
    assert options["cap_drop"] == ["ALL"]
    assert options["cap_add"] == ["SYS_NICE"]
    assert options["network_mode"] == "none"
    assert options["read_only"] is True
    assert options["security_opt"] == ["no-new-privileges:true"]
    assert (options["cpuset_cpus"], options["cpuset_mems"]) == ("0-3,8", "0")
    assert options["user"] == "1000:1000"
    assert not {"privileged", "devices", "pid_mode", "volumes_from", "ports"} & options.keys()


def test_without_nodes_to_bind_to_no_capability_is_granted(plan: ContainerPlan) -> None:
    options = container_options(msgspec.structs.replace(plan, boundary=Boundary(cpus="0", memory_nodes="")))
    assert options["cap_add"] == []
    assert "cpuset_mems" not in options


def test_a_limit_of_memory_includes_swap(plan: ContainerPlan) -> None:
    options = container_options(msgspec.structs.replace(plan, limits=Limits(memory_bytes=1 << 30, pids=64)))
    assert (options["mem_limit"], options["memswap_limit"], options["pids_limit"]) == (1 << 30, 1 << 30, 64)


def test_without_a_limit_none_is_set(plan: ContainerPlan) -> None:
    assert "mem_limit" not in container_options(plan)


def test_the_image_is_stated_inside(plan: ContainerPlan) -> None:
    text = container_options(plan)["environment"][STATED_IMAGE]
    assert msgspec.json.decode(text, type=StatedImage) == plan.stated


def test_the_run_gets_the_place_to_announce_its_bundle(plan: ContainerPlan) -> None:
    assert container_options(plan)["environment"][ANNOUNCEMENT] == str(plan.announcement)


def test_runs_as_who_asks_but_never_as_root() -> None:
    assert choose_user(1000, 100) == "1000:100"
    assert choose_user(0, 0) is None


@pytest.mark.parametrize("folder", ["/", "/usr", "/opt/bench", "/proc/x", "/etc/bench"])
def test_results_may_not_hide_what_the_container_lives_on(folder: str) -> None:
    with pytest.raises(UsageError, match="would hide the image's own files"):
        require_plain_folder(Path(folder))


@pytest.mark.parametrize("folder", ["/results", "/home/user/results", "/srv/results", "/opt/lab/bench/results"])
def test_other_folders_may_take_results(folder: str) -> None:
    require_plain_folder(Path(folder))
