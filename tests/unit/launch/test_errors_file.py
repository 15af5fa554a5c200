"""What a worker prints is bounded, wherever its folder is."""

import errno
import os
import subprocess
import sys

import pytest

from bench.launch.errors_file import MAX_PRINTED_BYTES, ErrorsFile


def test_the_last_lines_of_what_a_child_printed_are_kept() -> None:
    file = ErrorsFile()
    code = "import sys; [print('line', number, file=sys.stderr) for number in range(100_000)]"
    subprocess.run([sys.executable, "-c", code], stderr=file.descriptor, check=True)
    assert file.last_lines(2) == ("line 99998", "line 99999")
    assert not file.is_full
    file.clear()
    assert file.last_lines(2) == ()
    file.close()


def test_a_child_that_prints_without_end_is_stopped_at_the_limit() -> None:
    file = ErrorsFile()
    code = "while True: print('spam ' * 1000, file=__import__('sys').stderr)"
    done = subprocess.run([sys.executable, "-c", code], stderr=file.descriptor, check=False, timeout=60)
    assert done.returncode in {1, 120}  # later Pythons say by 120 that it could not be flushed at the exit either
    assert file.is_full
    assert os.fstat(file.descriptor).st_size == MAX_PRINTED_BYTES
    assert "spam" in file.last_lines(1)[0]
    with pytest.raises(PermissionError) as refused:
        os.pwrite(file.descriptor, b"x", MAX_PRINTED_BYTES)
    assert refused.value.errno == errno.EPERM
    file.close()
