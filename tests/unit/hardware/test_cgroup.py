import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hardware.cgroup import CgroupMount, Cgroups, parse_mountinfo, parse_mounts, parse_self_cgroup
from bench.hardware.tree import Tree
from tests.builders import make_reason

NUM_CPUS = Path(__file__).parents[2] / "data" / "machines" / "cgroup" / "num_cpus"

V1 = "31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"

Compose = Callable[[Mapping[str, str]], Path]


def read(root: Path) -> tuple[int, float | None, int | None]:
    cgroups = Cgroups(Tree(root))
    return cgroups.version, cgroups.read_cpu_quota(), cgroups.read_memory_limit()


def num_cpus(root: Path, version: str, mountinfo: str, cgroup: str, group: str) -> Tree:
    """Their fixtures keep `/proc/self` and the groups apart; join them as a machine would show them."""
    (root / "proc/self").mkdir(parents=True)
    base = NUM_CPUS / version
    shutil.copy(base / "proc/cgroups" / mountinfo, root / "proc/self/mountinfo")
    shutil.copy(base / "proc/cgroups" / cgroup, root / "proc/self/cgroup")
    point = "sys/fs/cgroup/cpu,cpuacct" if version == "cgroups" else "sys/fs/cgroup"
    shutil.copytree(base / "cgroups" / group, root / point)
    return Tree(root)


@pytest.mark.parametrize("mountinfo", ["mountinfo", "mountinfo_multi_opt", "mountinfo_zero_opt"])
@pytest.mark.parametrize(("group", "quota"), [("good", 6.0), ("ceil", 1.5), ("zero-period", None)])
def test_reads_num_cpus_fixtures_of_version_1(tmp_path: Path, mountinfo: str, group: str, quota: float | None) -> None:
    cgroups = Cgroups(num_cpus(tmp_path, "cgroups", mountinfo, "cgroup", group))
    assert cgroups.version == 1
    assert cgroups.read_cpu_quota() == quota


@pytest.mark.parametrize(("group", "quota"), [("good", 6.0), ("ceil", 1.5), ("zero-period", None)])
def test_reads_num_cpus_fixtures_of_version_2(tmp_path: Path, group: str, quota: float | None) -> None:
    tree = num_cpus(tmp_path, "cgroups2", "mountinfo", "cgroup", group)
    cgroups = Cgroups(tree)
    assert cgroups.version == 2
    assert cgroups.read_cpu_quota() == quota
    assert (quota is None) == any(note.code == "quota_not_understood" for note in tree.missing)


def test_the_tightest_ancestor_of_version_2_counts(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V2,
            "proc/self/cgroup": "0::/a/b/c\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a/memory.max": "max\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/b/memory.max": "1073741824\n",
            "sys/fs/cgroup/a/b/c/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/a/b/c/memory.max": "2147483648\n",
        }
    )
    assert read(root) == (2, 1.5, 1 << 30)


def test_the_tightest_ancestor_of_version_1_counts(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V1,
            "proc/self/cgroup": "4:memory:/m\n2:cpu,cpuacct:/a/b\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/m/memory.limit_in_bytes": "4096000\n",
        }
    )
    assert read(root) == (1, 0.5, 4_096_000)


def test_no_limit_is_none(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V1,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        }
    )
    assert read(root) == (1, None, None)


def test_ancestors_that_a_namespace_hides_still_limit_memory_in_version_1(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V1,
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.stat": "cache 0\nhierarchical_memory_limit 536870912\ntotal_cache 0\n",
        }
    )
    assert read(root) == (1, None, 512 << 20)


def test_a_mixed_host_is_ruled_by_the_hierarchy_that_has_the_cpu_controller(compose: Compose) -> None:
    unified = "33 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    files = {"proc/self/cgroup": "4:memory:/\n2:cpu,cpuacct:/\n0::/\n", "proc/self/mountinfo": V1 + unified}
    files["sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"] = "200000"
    files["sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us"] = "100000"
    assert read(compose(files)) == (1, 2.0, None)


def test_a_mixed_host_may_keep_memory_in_version_1_and_cpu_in_version_2(compose: Compose) -> None:
    memory = V1.splitlines(keepends=True)[1]
    files = {"proc/self/cgroup": "4:memory:/\n0::/s\n", "proc/self/mountinfo": memory + V2}
    files["sys/fs/cgroup/memory/memory.limit_in_bytes"] = "4096"
    files["sys/fs/cgroup/s/cpu.max"] = "100000 100000"
    assert read(compose(files)) == (2, 1.0, 4096)


@pytest.mark.parametrize(
    ("root_of_mount", "group"),
    [
        pytest.param("/docker/abc", "/docker/abc", id="the host's path, and its own group mounted"),
        pytest.param("/", "/docker/abc", id="the host's path in a namespace of its own"),
        pytest.param("/..", "/../../other", id="a path above the namespace"),
        pytest.param("/docker/abc", "/elsewhere", id="a path beside the mount"),
    ],
)
def test_inside_a_container_the_mount_point_is_the_group(compose: Compose, root_of_mount: str, group: str) -> None:
    files = {
        "proc/self/mountinfo": V2.replace("0:26 / ", f"0:26 {root_of_mount} "),
        "proc/self/cgroup": f"0::{group}\n",
        "sys/fs/cgroup/cpu.max": "300000 100000\n",
    }
    assert read(compose(files))[1] == 3.0


def test_without_mount_tables_the_default_places_are_used(compose: Compose) -> None:
    assert read(compose({"sys/fs/cgroup/cgroup.controllers": "cpu", "sys/fs/cgroup/cpu.max": "100000 50000"})) == (
        2,
        2.0,
        None,
    )


def test_without_mount_tables_the_default_places_of_version_1_are_used(compose: Compose) -> None:
    base = "sys/fs/cgroup/cpu,cpuacct"
    assert read(compose({f"{base}/cpu.cfs_quota_us": "100000", f"{base}/cpu.cfs_period_us": "50000"})) == (1, 2.0, None)


def test_a_group_of_version_2_may_bear_a_controllers_name(compose: Compose) -> None:
    base = "sys/fs/cgroup"
    files = {f"{base}/cgroup.controllers": "cpu", f"{base}/cpu.max": "100000 50000", f"{base}/memory/cpu.max": "max"}
    assert read(compose(files)) == (2, 2.0, None)


def test_without_any_cgroup_file_system_there_is_none(tmp_path: Path) -> None:
    assert read(tmp_path) == (0, None, None)


@pytest.mark.parametrize("text", ["", "x 100000", "100000", "1 0", "0 100000", "-5 100000", "1e5 100000"])
def test_a_quota_that_is_none_is_passed_over(compose: Compose, text: str) -> None:
    assert read(compose({"proc/self/mountinfo": V2, "sys/fs/cgroup/cpu.max": text})) == (2, None, None)


def test_a_memory_limit_that_is_none_is_passed_over_and_noted(compose: Compose) -> None:
    tree = Tree(compose({"proc/self/mountinfo": V2, "sys/fs/cgroup/memory.max": "1G\n"}))
    assert Cgroups(tree).read_memory_limit() is None
    assert tree.missing == (make_reason("memory_limit_not_understood", path="sys/fs/cgroup/memory.max", text="1G"),)


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param(
            {
                "proc/mounts": "none /dev/cpuset cpuset rw 0 0\n",
                "proc/self/cpuset": "/d\n",
                "dev/cpuset/d/cpus": "0-1\n",
            },
            {0, 1},
            id="the file system before control groups",
        ),
        pytest.param(
            {
                "proc/mounts": "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n",
                "proc/self/cgroup": "5:cpuset:/s\n",
                "sys/fs/cgroup/cpuset/s/cpuset.cpus": "0-9\n",
                "sys/fs/cgroup/cpuset/s/cpuset.effective_cpus": "2-3\n",
            },
            {2, 3},
            id="version 1",
        ),
        pytest.param(
            {
                "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
                "proc/self/cgroup": "0::/s/t\n",
                "sys/fs/cgroup/s/cpuset.cpus.effective": "4\n",
                "sys/fs/cgroup/s/t/x": "",
            },
            {4},
            id="version 2, from the nearest ancestor that has the controller",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V2.replace("/sys/fs/cgroup", "/mnt/elsewhere"),
                "proc/self/cgroup": "0::/s\n",
                "mnt/elsewhere/s/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="version 2, mounted elsewhere",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V2.replace("0:26 / /sys/fs/cgroup", "0:26 /other /run/other") + V2,
                "proc/self/cgroup": "0::/s\n",
                "run/other/cpuset.cpus.effective": "0-9\n",
                "sys/fs/cgroup/s/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="version 2, where another mount shows another group",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V2.replace("0:26 / ", "0:26 /s ") + V2,
                "proc/self/cgroup": "0::/s/t\n",
                "sys/fs/cgroup/t/cpuset.cpus.effective": "0-9\n",
                "sys/fs/cgroup/s/t/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="version 2, where a mount hides an earlier one",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V2.replace("0:26 / ", "0:26 /../.. "),
                "proc/self/cgroup": "0::/../../s/t\n",
                "sys/fs/cgroup/cpuset.cpus.effective": "0-9\n",
                "sys/fs/cgroup/s/t/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="version 2, seen from another namespace",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V1.replace("memory", "cpuset") + V2.replace("cgroup rw", "cgroup/unified rw"),
                "proc/self/cgroup": "4:cpuset:/\n0::/s\n",
                "sys/fs/cgroup/cpuset/tasks": "",
                "sys/fs/cgroup/unified/s/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="both versions, and only version 2 shows the cpuset",
        ),
        pytest.param(
            {
                "proc/self/mountinfo": V2,
                "proc/self/cgroup": "0::/s\n",
                "sys/fs/cgroup/s/cpuset.cpus": "4\n",
            },
            {4},
            id="version 2, without the effective list",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/s\n", "sys/fs/cgroup/s/cpuset.cpus.effective": "4\n"},
            {4},
            id="version 2, without mount tables",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/s\n",
                "sys/fs/cgroup/cpu/x": "",
                "sys/fs/cgroup/unified/cgroup.controllers": "cpuset\n",
                "sys/fs/cgroup/unified/s/cpuset.cpus.effective": "4\n",
            },
            {4},
            id="both versions, without mount tables",
        ),
        pytest.param({"proc/self/mountinfo": V2}, None, id="none"),
    ],
)
def test_reads_the_cpuset(compose: Compose, files: dict[str, str], cpus: set[int] | None) -> None:
    assert Cgroups(Tree(compose(files))).read_cpuset("cpus") == cpus


def test_a_quota_of_another_group_is_not_taken_for_ours(compose: Compose) -> None:
    files = {
        "proc/self/mountinfo": V2.replace("0:26 / /sys/fs/cgroup", "0:26 /other /run/other") + V2,
        "proc/self/cgroup": "0::/s\n",
        "run/other/cpu.max": "100000 100000\n",
        "sys/fs/cgroup/s/cpu.max": "max 100000\n",
    }
    assert read(compose(files)) == (2, None, None)


def test_mount_points_may_hold_blanks() -> None:
    line = "30 23 0:26 /a\\040b /mnt/c\\040d rw shared:1 master:2 - cgroup2 cgroup2 rw\n"
    assert parse_mountinfo(line) == (
        CgroupMount(kind="cgroup2", controllers=frozenset(), point="mnt/c d", root="/a b"),
    )


def test_a_process_is_in_one_group_for_each_controller() -> None:
    text = "9:name=systemd:/\n4:memory:/m\n2:cpu,cpuacct:/c:d\n0::/u\nbroken\n7:x\n"
    assert parse_self_cgroup(text) == {"name=systemd": "/", "memory": "/m", "cpu": "/c:d", "cpuacct": "/c:d", "": "/u"}


@given(st.text(max_size=120))
def test_any_mount_table_is_read(text: str) -> None:
    assert all(not mount.point.startswith("/") for mount in (*parse_mountinfo(text), *parse_mounts(text)))
