from pathlib import Path

import pytest

from bench.errors import MachineError
from bench.measure.memory import read_peak_bytes


def write_status(root: Path, text: str) -> None:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/status").write_text(text, encoding="utf-8")


def test_reads_the_kernels_mark_in_bytes(tmp_path: Path) -> None:
    write_status(tmp_path, "Name:\tpython\nVmHWM:\t 1121088 kB\nVmRSS:\t 900 kB\n")
    assert read_peak_bytes(tmp_path) == 1121088 * 1024
    assert read_peak_bytes() > 1 << 20


def test_a_mark_never_falls_though_the_kernels_can(tmp_path: Path) -> None:
    write_status(tmp_path, "VmHWM:\t 1121016 kB\n")
    assert read_peak_bytes(tmp_path, earlier=1121088 * 1024) == 1121088 * 1024
    assert read_peak_bytes(tmp_path, earlier=4096) == 1121016 * 1024


@pytest.mark.parametrize("text", [None, "", "VmHWM: lots kB\n", "VmPeak:\t 12 kB\n"])
def test_a_kernel_that_hides_the_mark_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write_status(tmp_path, text)
    with pytest.raises(MachineError, match="proc/self/status"):
        read_peak_bytes(tmp_path)
