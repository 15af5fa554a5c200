"""Findings about what is installed beside bench, and about the folder for results. Only for this host."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.containers.engine import open_engine
from bench.doctor.finding import NO_TIME_COST, make_finding
from bench.errors import EnvironmentUnfitError
from bench.hardware.tree import Tree
from bench.launch.compiler import find_compiler
from bench.launch.libraries import LIBRARIES, find_library
from bench.records.diagnosis import Finding, Subject
from bench.records.profile import Profile
from bench.records.record import Record
from bench.run.output import NEEDED_BYTES

_NETWORK: Final = re.compile(
    r"nfs4?|cifs|smb3|smbfs|lustre|gpfs|beegfs.*|ceph|glusterfs|afs|9p|virtiofs|fuse(\..*)?", re.ASCII
)
"""File systems that another machine, or a process in user space, answers for."""


class Folder(Record, frozen=True, kw_only=True):
    """The folder for results.

    Attributes:
        path: The folder, or its nearest parent that exists.
        writable: This user may write there.
        free_bytes: For this user.
        file_system: Its type; None if the mount table does not show it.
        executable: Code may be loaded from there; None likewise.
    """

    path: str
    writable: bool
    free_bytes: int
    file_system: str | None
    executable: bool | None


def find_libraries(profile: Profile | None, folders: Sequence[Path] | None = None) -> Iterator[Finding]:
    """Yield whether the OpenMP runtime and the allocator of a profile are installed.

    Args:
        profile: That fits this host; None if none does.
        folders: Where to look, `search_folders()` if None.
    """
    subjects: tuple[Subject, Subject] = ("openmp", "allocator")
    if profile is None:
        yield from (make_finding(subject, "unknown", "no_profile_fits") for subject in subjects)
        return
    names = (profile.openmp.value, profile.allocator.value)
    for subject, name, option in zip(subjects, names, ("--openmp gnu", "--allocator system"), strict=True):
        values = {"name": name, "profile": profile.name}
        installed = LIBRARIES.get(name)
        if installed is None:
            yield make_finding(subject, "fine", "library_included", **values)
        elif find_library(name, folders) is not None:
            yield make_finding(subject, "fine", "library_installed", **values)
        else:
            values |= {"package": installed.package, "option": option}
            yield make_finding(subject, "missing", "library_missing", **values)


def find_compiler_finding(parent: Mapping[str, str]) -> Finding:
    """Return whether the C++ compiler is there that Inductor and the loops of instructions need.

    Args:
        parent: The environment.
    """
    command = find_compiler(parent)[0]
    if shutil.which(command, path=parent.get("PATH")) is None:
        return make_finding("compiler", "missing", "compiler_absent", compiler=command)
    return make_finding("compiler", "fine", "compiler_found", compiler=command)


def find_engine_finding(engine: Callable[[], object] | None = None) -> Finding:
    """Return whether a Docker engine can be used.

    Args:
        engine: Asks it, and raises if it cannot be used; None asks the real one.
    """
    try:
        (ask_engine if engine is None else engine)()
    except EnvironmentUnfitError as error:
        return make_finding("docker", "missing", "engine_unusable", NO_TIME_COST, problem=str(error))
    return make_finding("docker", "fine", "engine_answers")


def ask_engine() -> None:
    """Connect to the Docker engine.

    Raises:
        EnvironmentUnfitError: none can be used.
    """
    with open_engine():
        pass


def read_folder(path: Path, tree: Tree) -> Folder:
    """Read what there is to know of a folder for results, without writing to it.

    Args:
        path: The folder; it need not exist.
        tree: Where the mount table is.
    """
    existing = path.resolve()
    while not existing.is_dir() and existing != existing.parent:
        existing = existing.parent
    space = os.statvfs(existing)
    mount = find_mount(tree.text("proc/self/mountinfo") or "", existing)
    return Folder(
        path=str(existing),
        writable=os.access(existing, os.W_OK | os.X_OK),
        free_bytes=space.f_bavail * space.f_frsize,
        file_system=None if mount is None else mount[0],
        executable=None if mount is None else "noexec" not in mount[1],
    )


def find_mount(mountinfo: str, path: Path) -> tuple[str, frozenset[str]] | None:
    """Return type and options of the file system that holds a path; None if the table does not show it.

    A later mount hides an earlier one at the same place.
    """
    best: tuple[int, str, frozenset[str]] | None = None
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        head, tail = before.split(" "), after.split(" ")
        if not dash or len(head) < 6:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), head[4]))
        depth = len(point.parts)
        if path.is_relative_to(point) and (best is None or depth >= best[0]):
            best = depth, tail[0], frozenset(head[5].split(","))
    return None if best is None else best[1:]


def find_folder_findings(folder: Folder) -> Iterator[Finding]:
    """Yield what stands against a folder for results; one finding if nothing does."""
    low = [*_find_folder_problems(folder)]
    if not low and folder.file_system is None:
        low.append(make_finding("results_folder", "unknown", "not_shown", path="/proc/self/mountinfo"))
    values = {"path": folder.path, "file_system": folder.file_system or ""}
    yield from low or [make_finding("results_folder", "fine", "folder_local", **values)]


def _find_folder_problems(folder: Folder) -> Iterator[Finding]:
    path = folder.path
    if not folder.writable:
        yield make_finding("results_folder", "missing", "folder_not_writable", path=path)
    if folder.free_bytes < NEEDED_BYTES:
        values = {"free_bytes": str(folder.free_bytes), "needed_bytes": str(NEEDED_BYTES)}
        yield make_finding("results_folder", "missing", "folder_full", path=path, **values)
    if folder.executable is False:
        yield make_finding("results_folder", "missing", "folder_not_executable", path=path)
    if folder.file_system is not None and _NETWORK.fullmatch(folder.file_system):
        values = {"path": path, "file_system": folder.file_system}
        yield make_finding("results_folder", "slow", "folder_on_network", NO_TIME_COST, **values)
