"""A forked child has the pages of files that its parent has; each test forks in a separate process."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bench.worker.pages import PAGE_BYTES, Run, find_file_pages

FORK = """
import mmap, os, re, sys
from bench.worker import pages
from bench.worker.pages import find_file_pages, map_in

file = open(sys.argv[1], "rb")
mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
mapped.madvise(mmap.MADV_RANDOM)
total = sum(mapped[at] for at in range(0, len(mapped) // 2, mmap.PAGESIZE))

def resident():
    return int(re.search(r"RssFile:\\s+([0-9]+)", open("/proc/self/status").read())[1]) * 1024

found, before = find_file_pages(), resident()
if os.fork() == 0:
    {prepare}
    without = resident()
    map_in(found)
    print(before, without, resident(), flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("prepare", ["pass", "pages._MADV_POPULATE_READ = -1"], ids=["this kernel", "an older kernel"])
def test_a_child_gets_the_resident_pages_of_its_parent(tmp_path: Path, prepare: str) -> None:
    file = tmp_path / "library"
    file.write_bytes(b"x" * (64 << 20))
    program = textwrap.dedent(FORK).replace("{prepare}", prepare)
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, check=True, text=True)
    before, without, after = map(int, done.stdout.split())
    assert before - without > 24 << 20
    assert abs(after - before) < 4 << 20


def test_only_resident_pages_are_found() -> None:
    runs = find_file_pages()
    assert runs
    assert all(isinstance(run, Run) and run.address % PAGE_BYTES == run.length % PAGE_BYTES == 0 for run in runs)
    assert sum(run.length for run in runs) < 4 << 30
