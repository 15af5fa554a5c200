"""A user's code gets the memory that is free, and no more."""

import resource
import subprocess
import sys

from bench.worker.memory_limit import memory_limited


def test_more_than_is_free_is_refused_to_the_process_itself() -> None:
    code = """
from bench.worker.memory_limit import memory_limited
import mmap
held = []
try:
    with memory_limited():
        while True:  # small enough that the kernel would grant each
            held.append(mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
except OSError as error:
    print(error.errno, len(held) > 0)
mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "12 True\n"), done.stderr


def test_the_limit_is_put_back() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory_limited():
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
