from bench.hardware.kernel_events import read_kernel_events
from bench.hardware.memory_limits import MemoryLimit, read_memory_limits
from bench.hardware.tree import Tree
from bench.records.kernel_events import KernelEvents, TaskLimit
from tests.unit.hardware.conftest import Compose

V1 = """31 23 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
32 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
"""
V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max processes             {processes}                unlimited            processes
Max address space         {address_space}            unlimited            bytes
"""


def test_reads_version_2_with_the_own_groups_kills_and_every_ancestors_refusals(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V2,
            "proc/self/cgroup": "0::/pod/run\n",
            "proc/vmstat": "nr_free_pages 5\noom_kill 9\n",
            "sys/fs/cgroup/pod/memory.events": "oom 3\noom_kill 8\n",
            "sys/fs/cgroup/pod/memory.max": "943718400\n",
            "sys/fs/cgroup/pod/pids.max": "64\n",
            "sys/fs/cgroup/pod/pids.events": "max 2\n",
            "sys/fs/cgroup/pod/run/memory.events": "low 0\noom 1\noom_kill 1\noom_group_kill 0\n",
            "sys/fs/cgroup/pod/run/memory.max": "max\n",
            "sys/fs/cgroup/pod/run/pids.max": "max\n",
            "sys/fs/cgroup/pod/run/pids.events": "max 1\n",
        }
    )
    assert read_kernel_events(Tree(root)) == KernelEvents(
        host_oom_kills=9,
        group_oom_kills=1,
        memory_limit_bytes=943718400,
        refused_tasks=3,
        task_limits=(TaskLimit(name="pids.max", value=64),),
    )


def test_reads_version_1(compose: Compose) -> None:
    root = compose(
        {
            "proc/self/mountinfo": V1,
            "proc/self/cgroup": "5:pids:/run\n4:memory:/run\n",
            "sys/fs/cgroup/memory/run/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            "sys/fs/cgroup/memory/run/memory.limit_in_bytes": "1048576\n",
            "sys/fs/cgroup/pids/run/pids.max": "4\n",
            "sys/fs/cgroup/pids/run/pids.events": "max 7\n",
        }
    )
    assert read_kernel_events(Tree(root)) == KernelEvents(
        group_oom_kills=2,
        memory_limit_bytes=1048576,
        refused_tasks=7,
        task_limits=(TaskLimit(name="pids.max", value=4),),
    )


def test_what_the_kernel_does_not_show_is_none(compose: Compose) -> None:
    assert read_kernel_events(Tree(compose({"proc/self/cgroup": "0::/\n"}))) == KernelEvents()


def test_the_tightest_limit_on_tasks_comes_first(compose: Compose) -> None:
    files = {
        "proc/self/mountinfo": V2,
        "proc/self/cgroup": "0::/\n",
        "proc/self/limits": LIMITS.format(processes=12, address_space="unlimited"),
        "proc/self/status": "Uid:\t1000\t1000\t1000\t1000\n",
        "proc/sys/kernel/threads-max": "5000\n",
        "sys/fs/cgroup/pids.max": "100\n",
    }
    limits = read_kernel_events(Tree(compose(files))).task_limits
    assert [(limit.name, limit.value) for limit in limits] == [
        ("RLIMIT_NPROC", 12),
        ("pids.max", 100),
        ("kernel.threads-max", 5000),
    ]


def test_root_is_not_held_to_its_limit_on_processes(compose: Compose) -> None:
    files = {
        "proc/self/limits": LIMITS.format(processes=12, address_space="unlimited"),
        "proc/self/status": "Uid:\t0\t0\t0\t0\n",
    }
    assert read_kernel_events(Tree(compose(files))).task_limits == ()


def test_limits_on_memory_are_the_groups_the_address_spaces_and_what_is_available(compose: Compose) -> None:
    files = {
        "proc/self/mountinfo": V2,
        "proc/self/cgroup": "0::/\n",
        "proc/self/limits": LIMITS.format(processes="unlimited", address_space=4096000000),
        "proc/meminfo": "MemTotal:  4096 kB\nMemAvailable:    1024 kB\nSwapFree:     1 kB\n",
        "sys/fs/cgroup/memory.max": "943718400\n",
    }
    assert read_memory_limits(Tree(compose(files))) == (
        MemoryLimit(name="memory.max", value_bytes=943718400),
        MemoryLimit(name="RLIMIT_AS", value_bytes=4096000000),
        MemoryLimit(name="MemAvailable", value_bytes=1025 << 10),
    )


def test_without_any_limit_there_is_none(compose: Compose) -> None:
    files = {"proc/self/limits": LIMITS.format(processes="unlimited", address_space="unlimited")}
    assert read_memory_limits(Tree(compose(files))) == ()
