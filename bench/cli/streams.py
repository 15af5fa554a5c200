"""Standard output and standard error of the process, where they may be closed, full, or without a reader."""

import errno
import io
import os
import sys
from typing import ClassVar, TextIO

from typing_extensions import Buffer, override

from bench.errors import BenchError, OutputError


class ReaderGoneError(BenchError):
    """Whoever read standard output has stopped reading: `bench show X | head`. Not an error of the user's."""

    exit_code: ClassVar[int] = 141
    """As a shell shows a program that SIGPIPE ended; no verdict has this status."""


class StandardOutput(io.FileIO):
    """Standard output whose write errors are errors of bench. After the first one, what is written is dropped."""

    _failed = False

    @override
    def write(self, data: Buffer, /) -> int:
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError as error:
            self._failed = True
            raise ReaderGoneError("standard output: nobody reads it any more") from error
        except OSError as error:
            self._failed = True
            raise OutputError(
                f"standard output: {_explain(error)}; what it was to show is lost, files are kept"
            ) from error


class StandardError(io.FileIO):
    """Standard error that never fails: a message that nobody can see must not end a run."""

    @override
    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def open_standard_streams() -> None:
    """Replace `sys.stdout` and `sys.stderr` by streams that handle write errors, where they are the process's own.

    Descriptors that were closed (`>&-`) are opened first, or the next file that is opened would get their numbers, and
    what is printed would be written into it.
    """
    _reserve_descriptors()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _open_text(StandardOutput(1, "wb", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _open_text(StandardError(2, "wb", closefd=False), sys.stderr)


def _reserve_descriptors() -> None:
    """Open each closed one of the three descriptors on nothing. Writing to standard output still fails."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR if descriptor == 2 else os.O_RDONLY)  # the lowest free number: this
            os.set_inheritable(opened, True)  # noqa: FBT003 - takes no keywords


def _open_text(raw: io.FileIO, replaced: TextIO | None) -> io.TextIOWrapper:
    encoding = "utf-8" if replaced is None else replaced.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=raw.isatty()
    )


def _explain(error: OSError) -> str:
    """Return the cause in the words of the system."""
    return "closed" if error.errno == errno.EBADF else (error.strerror or str(error)).lower()
