"""The oneDNN kernels that ran, by oneDNN's own report (ONEDNN_VERBOSE) of one call after the timed part.

torch offers the report only as text on C's standard output, so file descriptor 1 is redirected during the call.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO

import torch

_STDOUT = 1
_EXECUTED = ["onednn_verbose", "v1", "primitive", "exec", "cpu"]


def record_primitives(call: Callable[[], object]) -> dict[str, int]:
    """Run a call and count the oneDNN primitives that it executes.

    Args:
        call: Runs once. What it prints is lost, and so is what other threads print meanwhile.

    Returns:
        Kind and implementation, such as `convolution brgconv:avx512_core_bf16`, → number of uses. Empty
        where torch has no oneDNN, or where the call runs none of its primitives, as plain fp32 matrix
        products through MKL do not.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call] # torch gives it no types
        return {}
    with FileIO(os.memfd_create("stdout"), "r+") as report:
        with _stdout_into(report), torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):  # type: ignore[no-untyped-call] # torch gives it no types
            call()
        report.seek(0)
        return count_primitives(report.readall().decode("ascii", errors="replace"))


def count_primitives(report: str) -> dict[str, int]:
    """Count the executed primitives in oneDNN's report; other lines are ignored.

    Source: oneDNN's documentation, `Verbose Mode`: `onednn_verbose,v1,primitive,exec,<engine>,<kind>,<implementation>,...`.
    """
    counts: Counter[str] = Counter()
    for line in report.splitlines():
        fields = line.split(",", maxsplit=len(_EXECUTED) + 2)
        if len(fields) == len(_EXECUTED) + 3 and fields[: len(_EXECUTED)] == _EXECUTED:
            kind, implementation = fields[len(_EXECUTED) : -1]
            counts[f"{kind} {implementation}"] += 1
    return dict(sorted(counts.items()))


@contextmanager
def _stdout_into(file: FileIO) -> Iterator[None]:
    sys.stdout.flush()
    saved = os.dup(_STDOUT)
    try:
        os.dup2(file.fileno(), _STDOUT)
        yield
        sys.stdout.flush()
    finally:
        os.dup2(saved, _STDOUT)
        os.close(saved)
