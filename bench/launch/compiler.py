"""The C++ compiler: the one that Inductor takes, started here for sources of bench's own."""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bench.launch.environment import INHERITED
from bench.records.reason import Reason

TIMEOUT_S = 60.0
"""A source of ours takes 0.1 s; a compiler on a cold network file system takes some seconds."""


def find_compiler(parent: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command of the C++ compiler, as Inductor finds it: `$CXX`, or `g++`.

    Args:
        parent: The environment; `CXX` may hold arguments, as in `ccache g++`.
    """
    try:
        return tuple(shlex.split(parent.get("CXX", ""))) or ("g++",)
    except ValueError:  # an unclosed quotation: starting it gives the error
        return (parent["CXX"],)


def compile_library(
    source: Path, library: Path, flags: Sequence[str], *, parent: Mapping[str, str], timeout_s: float = TIMEOUT_S
) -> Reason | None:
    """Compile one C++ source into a shared library.

    Args:
        source: The file.
        library: Where the library is put; its folder is there.
        flags: Beside those of any optimized shared library.
        parent: The environment to take the compiler and what it needs from.
        timeout_s: After this the compiler is killed, with all that it started.

    Returns:
        None when the library is there, else why it is not.
    """
    compiler = find_compiler(parent)
    argv = [*compiler, "-O2", "-shared", "-fPIC", "-pthread", *flags, str(source), "-o", str(library)]
    name = Path(compiler[0]).name
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own compiler, no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={variable: parent[variable] for variable in INHERITED if variable in parent},
            start_new_session=True,
        )
    except OSError:
        return Reason(code="compiler_not_found", values={"compiler": name})
    with process:
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Reason(code="compiler_timeout", values={"compiler": name, "timeout_s": f"{timeout_s:g}"})
    return None if status == 0 else Reason(code="compiler_failed", values={"compiler": name, "status": str(status)})
