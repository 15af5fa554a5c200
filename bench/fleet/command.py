"""Short commands of an engine, started without a shell."""

import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from bench.errors import EnvironmentUnfitError

TIMEOUT_S = 120
"""An engine's client gives up earlier (slurm.conf(5), MessageTimeout)."""


class Answer(NamedTuple):
    """What a command printed, and its exit status: 127 if it cannot be started, 124 if it does not end."""

    status: int
    out: str
    err: str


def require_program(name: str, package: str) -> None:
    """Refuse to go on without a program.

    Raises:
        EnvironmentUnfitError: it is not on PATH.
    """
    if shutil.which(name) is None:
        raise EnvironmentUnfitError(f"no {name} on PATH; run this where {package} are installed")


def ask(argv: Sequence[str], *, text: str = "") -> Answer:
    """Run a command to its end, and return its answer.

    Args:
        argv: The command; no shell reads it.
        text: Its standard input.
    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            argv, input=text, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Answer(124, "", f"{argv[0]} does not answer within {TIMEOUT_S} s")
    except OSError as error:
        return Answer(127, "", f"{argv[0]} cannot be started: {error.strerror}")
    return Answer(done.returncode, done.stdout, done.stderr)
