"""From inside the container as `bench container run` makes it: each restriction is tried, and holds."""

from pathlib import Path
from typing import Any

import pytest

from bench.containers.engine import identify_image
from bench.containers.plan import Boundary, ContainerPlan, Limits, container_options
from tests.container.engine import IMAGE, PYTHON, Engine, Finished

pytestmark = pytest.mark.docker

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.{}:
    raise OSError(os.strerror(ctypes.get_errno()))
"""
"""A call that Python has no function for."""


@pytest.fixture
def inside(engine: Engine, results: Path) -> Any:
    """Run a program in place of bench, with the restrictions of `bench container run`."""
    plan = ContainerPlan(
        image=IMAGE,
        argv=(),
        user=None,
        boundary=Boundary(cpus="0", memory_nodes="0"),
        limits=Limits(memory_bytes=2 << 30, pids=256),
        writable=results,
        announcement=results / ".bundle",
        readable=(),
        stated=identify_image(engine.client, IMAGE),
    )
    options = {
        name: value
        for name, value in container_options(plan).items()
        if name not in {"image", "command", "auto_remove", "init", "labels"}
    }

    def run(program: str) -> Finished:
        return engine.run(program, entrypoint=PYTHON, results=results, **options)

    return run


@pytest.mark.parametrize(
    ("program", "refusal"),
    [
        ("open('/x', 'w')", "Read-only file system"),
        ("open('/opt/bench/bench/__init__.py', 'w')", "Read-only file system"),
        ("open('/etc/passwd', 'a')", "Read-only file system|Permission denied"),
        ("open('/var/tmp/x', 'w')", "Read-only file system"),
        ("open('/dev/shm/../x', 'w')", "Permission denied"),
        ("open('/proc/sys/kernel/randomize_va_space', 'w')", "Read-only file system"),
        ("open('/sys/fs/cgroup/cpuset/cpuset.cpus', 'w')", "Read-only file system|Permission denied|No such file"),
        ("open('/dev/mem', 'rb')", "No such file or directory"),
        ("import os; os.setuid(0)", "Operation not permitted"),
        ("import os; os.setgroups([0])", "Operation not permitted"),
        ("import os; os.chroot('/tmp')", "Operation not permitted"),
        ("import os; os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0))", "Operation not permitted"),
        ("import os; os.nice(-5)", "Operation not permitted|Permission denied"),
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "Operation not permitted"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 2)", "Network is unreachable"),
        ("import socket; socket.getaddrinfo('localhost.example', 80)", "name resolution|Name or service"),
        (CALL.format("mount(b'/', b'/tmp', b'', 4096, b'')"), "Operation not permitted|Permission denied"),
        (CALL.format("ptrace(16, 1, 0, 0)"), "Operation not permitted"),
        (CALL.format("unshare(0x10000000)"), "Operation not permitted"),
        ("import os; os.sched_setaffinity(0, {1})", "Invalid argument"),
    ],
    ids=[
        "the root", "bench itself", "the users", "temporary files beside /tmp", "devices", "kernel settings",
        "its own limits", "memory of the host", "becoming root", "groups of root", "another root", "a block device",
        "priority", "a raw socket", "the network", "names of hosts", "a mount", "tracing another process",
        "a namespace of users", "another CPU",
    ],
)  # fmt: skip
def test_refuses(inside: Any, program: str, refusal: str) -> None:
    finished = inside(program)

    assert finished.status == 1, finished.stdout
    last = finished.stderr.splitlines()[-1]
    assert any(words in last for words in refusal.split("|")), last


def test_a_program_with_the_setuid_bit_gives_nothing(inside: Any) -> None:
    finished = inside(
        "import os, shutil, subprocess, sys; shutil.copy('/usr/bin/id', '/tmp/id'); os.chmod('/tmp/id', 0o4755);"
        "print(subprocess.run(['/tmp/id', '-u'], capture_output=True, text=True).stdout.strip(),"
        "open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])"
    )
    assert finished.stdout == "10001 1\n"


def test_no_capability_is_in_force_and_the_kernels_filter_is(inside: Any) -> None:
    finished = inside(
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'));"
        "print(*(status[name].strip() for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb', 'CapBnd', 'Seccomp')))"
    )
    *effective, bounding, seccomp = finished.stdout.split()
    assert {int(mask, 16) for mask in effective} == {0}
    assert int(bounding, 16) == 1 << 23
    assert seccomp == "2"


def test_nothing_is_writable_but_results_and_temporary_files(inside: Any) -> None:
    finished = inside(
        "import os\n"
        "found = {f for f, _, _ in os.walk('/') if os.access(f, os.W_OK) and not f.startswith(('/proc', '/sys'))}\n"
        "print(*sorted(found))"
    )
    assert finished.stdout.split() == ["/dev/mqueue", "/dev/shm", "/results", "/tmp"]  # noqa: S108


def test_detect_reports_its_own_limits(engine: Engine, results: Path) -> None:
    finished = engine.run(
        "detect", "--json", results=results, cpuset_cpus="0", cpuset_mems="0", mem_limit=2 << 30, memswap_limit=2 << 30
    )
    assert '"allowed_cpus": "0"' in finished.stdout
    assert '"memory_bytes": 2147483648' in finished.stdout
