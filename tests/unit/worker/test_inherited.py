import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.records.inherited import Inherited
from bench.records.record import decode_json
from bench.worker.inherited import TIMER_SLACK_NS, parse_autogroup, parse_personality, read_inherited

MARKED = """
import os, resource, sys
from bench.launch.kernel import prctl
from bench.records.record import encode_json
from bench.worker.inherited import read_inherited, reset_inherited
os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
os.nice(5)
prctl(29, 1_000_000)  # PR_SET_TIMERSLACK
prctl(41, 1)  # PR_SET_THP_DISABLE
resource.setrlimit(resource.RLIMIT_STACK, (1 << 22, resource.getrlimit(resource.RLIMIT_STACK)[1]))
before = read_inherited()
reset_inherited()
sys.stdout.buffer.write(encode_json((before, read_inherited())))
"""


def test_marks_of_a_parent_are_read_and_then_reset_to_the_kernels_defaults() -> None:
    niced = min(19, os.nice(0) + 5)  # of whoever runs the tests, and 5 more
    done = subprocess.run([sys.executable, "-c", MARKED], capture_output=True, check=True)
    before, after = decode_json(done.stdout, tuple[Inherited, Inherited], source="child")
    assert (before.scheduling_policy, before.nice) == ("batch", niced)
    assert (before.timer_slack_ns, before.huge_pages_disabled) == (1_000_000, True)
    assert after.scheduling_policy == "other"
    assert after.nice in {0, niced}  # to lower it takes a privilege
    assert (after.timer_slack_ns, after.huge_pages_disabled) == (TIMER_SLACK_NS, False)
    assert before.limits["stack"] == after.limits["stack"] == 1 << 22


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_reads_control_groups_and_status(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/outer/inner"
    root = write_tree(
        tmp_path,
        {
            "proc/self/mountinfo": "1 2 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "proc/self/cgroup": "0::/outer/inner\n",
            "proc/self/status": "Seccomp:\t2\nSeccomp_filters:\t1\nSpeculation_Store_Bypass:\tthread vulnerable\n",
            "proc/self/autogroup": "/autogroup-9 nice 3\n",
            "proc/self/personality": "00040000\n",
            "proc/self/oom_score_adj": "-500\n",
            f"{group}/cpu.weight": "50\n",
            "sys/fs/cgroup/outer/cpu.weight": "100\n",
            f"{group}/cpu.idle": "0\n",
            "sys/fs/cgroup/outer/cpu.idle": "1\n",
            f"{group}/cpu.uclamp.min": "12.50\n",
            f"{group}/cpu.uclamp.max": "max\n",
            "sys/fs/cgroup/outer/cpu.uclamp.max": "80.00\n",
            f"{group}/memory.high": "max\n",
            "sys/fs/cgroup/outer/memory.high": "1048576\n",
        },
    )
    inherited = read_inherited(root)
    assert (inherited.cpu_weights, inherited.cpu_idle) == ((50, 100), True)
    assert (inherited.group_util_min, inherited.group_util_max) == (12.5, 80.0)
    assert inherited.memory_high_bytes == 1 << 20
    assert (inherited.seccomp_mode, inherited.seccomp_filters) == (2, 1)
    assert (inherited.store_bypass, inherited.indirect_branch) == ("thread vulnerable", None)
    assert (inherited.autogroup_nice, inherited.personality, inherited.oom_score_adj) == (3, 0x40000, -500)


def test_what_no_file_shows_is_unavailable(tmp_path: Path) -> None:
    inherited = read_inherited(tmp_path)
    for name in ("autogroup_nice", "cpu_weights", "cpu_idle", "group_util_max", "memory_high_bytes", "personality"):
        assert getattr(inherited, name) is None


@pytest.mark.parametrize("text", ["", "/autogroup-1 nice", "nice 0", "/autogroup-1 nice 1000"])
def test_an_autogroup_that_is_not_understood_is_unavailable(text: str) -> None:
    assert parse_autogroup(text) is None


@pytest.mark.parametrize("text", ["", "40000", "0x40000", "0004000g"])
def test_a_personality_that_is_not_understood_is_unavailable(text: str) -> None:
    assert parse_personality(text) is None
