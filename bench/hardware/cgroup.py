"""Control groups of version 1, 2 and both: where the process's groups are, and the limits that they set.

Every ancestor limits its descendants, so the tightest visible limit counts. In a cgroup namespace, or where only a
sub-tree is mounted, the ancestors above are invisible.

Sources: Linux `Documentation/admin-guide/cgroup-v1/` and `cgroup-v2.rst`; cgroups(7), proc_pid_mountinfo(5).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from bench.hardware.tree import Tree
from bench.records.record import Record

_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_OCTAL: Final = re.compile(r"\\([0-7]{3})", re.ASCII)
_HIERARCHICAL: Final = re.compile(r"^hierarchical_memory_limit ([0-9]{1,20})$", re.ASCII | re.MULTILINE)

_UNLIMITED_BYTES: Final = 1 << 62
"""Version 1 prints the largest number of whole pages where there is no limit, not a word."""


class CgroupMount(Record, frozen=True, kw_only=True):
    """One mounted hierarchy.

    Attributes:
        kind: The file system; `cpuset` is the predecessor of control groups.
        controllers: Of version 1; empty for version 2.
        point: Where it is mounted, without a leading slash.
        root: The group at the mount point, as `/proc/self/cgroup` would name it.
    """

    kind: Literal["cgroup", "cgroup2", "cpuset"]
    controllers: frozenset[str]
    point: str
    root: str


def parse_mountinfo(text: str) -> tuple[CgroupMount, ...]:
    """Parse the hierarchies in `/proc/self/mountinfo`; lines of other file systems and broken lines are ignored."""
    mounts: list[CgroupMount] = []
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        head, tail = before.split(" "), after.split(" ")
        if dash and len(head) >= 6 and len(tail) >= 3:
            mounts.extend(_mount(tail[0], tail[2], point=head[4], root=head[3]))
    return tuple(mounts)


def parse_mounts(text: str) -> tuple[CgroupMount, ...]:
    """Parse the hierarchies in `/proc/mounts`. It does not say which group is mounted: assumed is the root."""
    mounts: list[CgroupMount] = []
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) >= 4:
            mounts.extend(_mount(fields[2], fields[3], point=fields[1], root="/"))
    return tuple(mounts)


def parse_self_cgroup(text: str) -> Mapping[str, str]:
    """Parse `/proc/self/cgroup`: controller → the process's group. Version 2 has the empty name."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3 and fields[2].startswith("/"):
            for controller in fields[1].split(","):
                groups.setdefault(controller, fields[2])
    return groups


class Cgroups:
    """The process's groups on a machine."""

    def __init__(self, tree: Tree) -> None:
        """Read which hierarchies are mounted, and the groups that the process is in."""
        self._tree = tree
        self.groups: Final = parse_self_cgroup(tree.text("proc/self/cgroup") or "")
        # A mount hides earlier ones at the same place.
        self._mounts = tuple({mount.point: mount for mount in _read_mounts(tree, self.groups)}.values())

    @property
    def version(self) -> Literal[0, 1, 2]:
        """Version of the hierarchy that limits CPU time; 0 if no control group file system is visible."""
        kinds = {mount.kind for mount in self._mounts}
        if any("cpu" in mount.controllers for mount in self._mounts):
            return 1
        return 2 if "cgroup2" in kinds else 1 if "cgroup" in kinds else 0

    def directories(self, controller: str) -> tuple[Literal[1, 2], tuple[str, ...]]:
        """Return the version that has a controller, and the process's groups in it, its own first."""
        return next(self._find_directories(controller), (2, ()))

    def _find_directories(self, controller: str) -> Iterator[tuple[Literal[1, 2], tuple[str, ...]]]:
        """Yield the groups in version 1, then in version 2. A mixed host has a controller in one of them only."""
        first = tuple(mount for mount in self._mounts if controller in mount.controllers)
        if first:
            group = self.groups.get(controller)
            if group is None and controller == "cpuset":
                group = self._tree.text("proc/self/cpuset")
            yield 1, self._walk(first, (group or "/").strip())
        second = tuple(mount for mount in self._mounts if mount.kind == "cgroup2")
        if second:
            yield 2, self._walk(second, self.groups.get("", "/"))

    def read_cpu_quota(self) -> float | None:
        """Return CPUs' worth of time per period, the tightest of all ancestors; None without a quota."""
        version, directories = self.directories("cpu")
        read = self._read_quota_v1 if version == 1 else self._read_quota_v2
        return min((quota for base in directories if (quota := read(base)) is not None), default=None)

    def read_memory_limit(self) -> int | None:
        """Return bytes, the tightest of all ancestors; None without a limit."""
        version, directories = self.directories("memory")
        limits: list[int] = []
        for base in directories:
            if version == 2:
                limits.extend(self._read_bytes(f"{base}/memory.max"))
            else:
                limits.extend(self._read_bytes(f"{base}/memory.limit_in_bytes"))
                # This counts ancestors that a namespace hides, too.
                match = _HIERARCHICAL.search(self._tree.text(f"{base}/memory.stat") or "")
                limits.extend([int(match[1])] if match is not None else [])
        return min((limit for limit in limits if limit < _UNLIMITED_BYTES), default=None)

    def read_cpuset(self, what: Literal["cpus", "mems"]) -> frozenset[int] | None:
        """Return the CPUs or memory nodes that the process's cpuset allows; None if no cpuset shows any."""
        for version, directories in self._find_directories("cpuset"):
            effective = f"cpuset.{what}.effective" if version == 2 else f"cpuset.effective_{what}"
            for base in directories:
                for name in (effective, f"cpuset.{what}", what):
                    if allowed := self._tree.cpulist(f"{base}/{name}"):
                        return allowed
        return None

    def _read_quota_v1(self, base: str) -> float | None:
        quota = self._tree.line(f"{base}/cpu.cfs_quota_us")
        if quota is None or quota.startswith("-"):
            return None
        return self._divide(f"{base}/cpu.cfs_quota_us", quota, self._tree.line(f"{base}/cpu.cfs_period_us"))

    def _read_quota_v2(self, base: str) -> float | None:
        line = self._tree.line(f"{base}/cpu.max")
        if line is None or line.startswith("max"):
            return None
        quota, _, period = line.partition(" ")
        return self._divide(f"{base}/cpu.max", quota, period)

    def _divide(self, path: str, quota: str, period: str | None) -> float | None:
        if not _NUMBER.fullmatch(quota) or not _NUMBER.fullmatch(period or "") or 0 in {int(quota), int(period or "")}:
            self._tree.note("quota_not_understood", path=path, quota_us=quota, period_us=period or "")
            return None
        return int(quota) / int(period or "")

    def _read_bytes(self, path: str) -> Iterator[int]:
        line = self._tree.line(path)
        if line is not None and _NUMBER.fullmatch(line):
            yield int(line)
        elif line not in {None, "max", "-1"}:
            self._tree.note("memory_limit_not_understood", path=path, text=line or "")

    def _walk(self, mounts: Sequence[CgroupMount], group: str) -> tuple[str, ...]:
        """Return the directories from the process's group up to the mount point, by the mount that shows most of them.

        Other mounts may show other groups only. Where none shows the process's, it is the first mount's own: a
        container may see its group's path on the host, while only its own group is mounted.
        """
        found = [(mount, parts) for mount in mounts if (parts := self._find_below(mount, group)) is not None]
        mount, parts = max(found, key=lambda place: len(place[1]), default=(mounts[0], ()))
        return tuple("/".join((mount.point, *parts[:length])) for length in range(len(parts), -1, -1))

    def _find_below(self, mount: CgroupMount, group: str) -> tuple[str, ...] | None:
        """Return the path from a mount point down to a group; None if the group is not visible there."""
        parts = tuple(part for part in group.split("/") if part)
        above = tuple(part for part in mount.root.split("/") if part)
        below = parts[len(above) :]
        # Of a namespace, both may begin with `..`: what follows counts.
        if parts[: len(above)] != above or {".", ".."} & set(below):
            return None
        return below if self._tree.has("/".join((mount.point, *below))) else None


def _mount(kind: str, options: str, *, point: str, root: str) -> Iterator[CgroupMount]:
    place = _unescape(point).lstrip("/")
    if kind == "cgroup2":
        yield CgroupMount(kind="cgroup2", controllers=frozenset(), point=place, root=_unescape(root))
    elif kind == "cgroup":
        yield CgroupMount(kind="cgroup", controllers=frozenset(options.split(",")), point=place, root=_unescape(root))
    elif kind == "cpuset":
        yield CgroupMount(kind="cpuset", controllers=frozenset({"cpuset"}), point=place, root=_unescape(root))


def _unescape(path: str) -> str:
    """Decode the octal escapes that the kernel's mount tables have for blanks and the like."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), path)


def _read_mounts(tree: Tree, groups: Mapping[str, str]) -> tuple[CgroupMount, ...]:
    """Read the mounted hierarchies from the best table there is; without one, from their default places."""
    mounts = parse_mountinfo(tree.text("proc/self/mountinfo") or "")
    if not mounts:
        mounts = parse_mounts(tree.text("proc/self/mounts") or tree.text("proc/mounts") or "")
    return mounts or tuple(_find_default_mounts(tree, groups))


def _find_default_mounts(tree: Tree, groups: Mapping[str, str]) -> Iterator[CgroupMount]:
    """Yield the hierarchies at the places where systemd mounts them, of version 1, 2 or both."""
    base = "sys/fs/cgroup"
    if tree.has(f"{base}/cgroup.controllers"):
        yield CgroupMount(kind="cgroup2", controllers=frozenset(), point=base, root="/")
        return
    names = [name for name in tree.entries(base) if {"cpu", "memory", "cpuset"} & set(name.split(","))]
    for name in names:
        yield CgroupMount(kind="cgroup", controllers=frozenset(name.split(",")), point=f"{base}/{name}", root="/")
    unified = f"{base}/unified"
    if tree.has(unified) or (not names and "" in groups and tree.has(base)):
        place = unified if tree.has(unified) else base
        yield CgroupMount(kind="cgroup2", controllers=frozenset(), point=place, root="/")
