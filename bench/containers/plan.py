"""Plan a container from a profile's layouts: what it may see, do and write. Nothing is started.

Paths are the same inside and outside, so that a path that a run prints can be used on the host.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.bundle.image import ANNOUNCEMENT, STATED_IMAGE
from bench.errors import UsageError
from bench.launch.attendance import ATTENDED
from bench.launch.environment import UNSET_IN_IMAGES
from bench.launch.isolation import module_argv
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.image import StatedImage
from bench.records.profile import Binding
from bench.records.record import Record, encode_json_line

PYTHON = "/opt/bench/venv/bin/python"
"""The interpreter of every bench image."""

LABEL = "bench.container"
"""Every container of bench has it: `docker ps --all --filter label=bench.container`."""

TMPFS = "rw,exec,nosuid,nodev,mode=1777,size=1g"
"""Executable, as Inductor loads what it compiled; the engine's default is not."""


class Boundary(Record, frozen=True, kw_only=True):
    """The CPUs and memory nodes that a run's layouts need.

    Attributes:
        cpus: List format; those of all instances.
        memory_nodes: List format; empty for any.
    """

    cpus: str
    memory_nodes: str


class Limits(Record, frozen=True, kw_only=True):
    """The limits that the user sets.

    Attributes:
        memory_bytes: None for no limit; swap is never added to it.
        pids: Processes and threads.
    """

    memory_bytes: int | None = None
    pids: int = 8192


class ContainerPlan(Record, frozen=True, kw_only=True):
    """One container.

    Attributes:
        image: Its id.
        argv: Arguments of the image's entry point.
        user: `uid:gid`; None leaves it to the image.
        writable: The folder for results.
        announcement: In that folder; where the run writes its bundle's name.
        readable: The user's files that the run reads.
        stated: What the host says of the image; passed to the run.
    """

    image: str
    argv: tuple[str, ...]
    user: str | None
    boundary: Boundary
    limits: Limits
    writable: Path
    announcement: Path
    readable: tuple[Path, ...]
    stated: StatedImage


def draw_boundary(bindings: Sequence[Binding]) -> Boundary:
    """Return the CPUs and memory nodes of all instances."""
    cpus = frozenset[int]().union(*(parse_cpulist(binding.cpus) for binding in bindings))
    nodes = [parse_cpulist(binding.memory_nodes) for binding in bindings]
    return Boundary(
        cpus=format_cpulist(cpus),
        memory_nodes=format_cpulist(frozenset[int]().union(*nodes)) if all(nodes) else "",
    )


def choose_user(uid: int, gid: int) -> str | None:
    """Return the user inside: the caller, so that they own the results; None, the image's own, in place of root."""
    return None if uid == 0 else f"{uid}:{gid}"


def require_plain_folder(folder: Path) -> None:
    """Refuse to mount the results folder over the image's own files.

    Raises:
        UsageError: it is the root, or a folder that the image or the kernel uses.
    """
    taken = {"bin", "boot", "dev", "etc", "lib", "lib64", "opt", "proc", "run", "sbin", "sys", "usr"}
    if len(folder.parts) < 2 or (folder.parts[1] in taken and len(folder.parts) < 4):
        raise UsageError(f"results folder {folder} would hide the image's own files; choose another with --output")


def container_options(plan: ContainerPlan) -> dict[str, Any]:
    """Return the plan as arguments of the SDK's `containers.create`, without the mounts."""
    options = _hardened(plan.image, plan.user, plan.boundary, plan.limits)
    return options | {
        "command": list(plan.argv),
        "environment": {
            STATED_IMAGE: encode_json_line(plan.stated).decode().strip(),
            ANNOUNCEMENT: str(plan.announcement),
            ATTENDED: "1",
        },
        "init": True,
        "labels": {LABEL: "run"},
        "stdin_open": True,
    }


def worker_options(
    image: str, module: str, *, user: str | None, boundary: Boundary, variables: Mapping[str, str]
) -> dict[str, Any]:
    """Return the options of a container that runs a module of this bench with an image's packages.

    Such is a worker of an `ab` run.

    Args:
        image: Its id.
        module: What its interpreter runs.
        user: `uid:gid`; None leaves it to the image.
        boundary: Of the worker.
        variables: Set inside; they override the image's own.
    """
    return _hardened(image, user, boundary, Limits()) | {
        "entrypoint": list(module_argv(PYTHON, module)),  # mounted at the same path
        "command": [],
        "environment": {**dict.fromkeys(UNSET_IN_IMAGES, ""), **variables},
        "labels": {LABEL: "worker"},
        "stdin_open": True,
    }


def _hardened(image: str, user: str | None, boundary: Boundary, limits: Limits) -> dict[str, Any]:
    """Return the restrictions of every container of bench.

    SYS_NICE is in the bounding set only, as the user is not root: it makes the engine's seccomp filter allow
    `set_mempolicy`, and grants nothing else. Without memory nodes to bind to it is left out.
    """
    options: dict[str, Any] = {
        "image": image,
        "auto_remove": True,
        "cap_drop": ["ALL"],
        "cap_add": ["SYS_NICE"] if boundary.memory_nodes else [],
        "cpuset_cpus": boundary.cpus,
        "ipc_mode": "private",
        "network_mode": "none",
        "pids_limit": limits.pids,
        "read_only": True,
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": {"/tmp": TMPFS},  # noqa: S108 - the container's own
    }
    if user is not None:
        options["user"] = user
    if boundary.memory_nodes:
        options["cpuset_mems"] = boundary.memory_nodes
    if limits.memory_bytes is not None:
        options |= {"mem_limit": limits.memory_bytes, "memswap_limit": limits.memory_bytes}
    return options
