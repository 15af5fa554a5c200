"""Describe the software of another interpreter, by running it."""

import subprocess
from collections.abc import Mapping, Sequence

from bench.errors import BenchError, EnvironmentUnfitError
from bench.launch.environment import INHERITED, ISOLATED
from bench.records.bundle import Environment
from bench.records.record import decode_json

TIMEOUT_S = 120.0
"""Listing some hundred packages may take half a minute from a cold disk."""

MODULE = "bench.worker.describe"


def describe_interpreter(argv: Sequence[str], *, called: str, parent: Mapping[str, str]) -> Environment:
    """Return what is installed for an interpreter, and which source of bench its workers run.

    Args:
        argv: A worker's command, its module last.
        called: The interpreter's name in errors.
        parent: The environment to inherit from.

    Raises:
        EnvironmentUnfitError: it cannot be started, cannot import what workers need, or gives an invalid answer.
    """
    inherited = {name: parent[name] for name in INHERITED if name in parent}
    try:
        done = subprocess.run(  # noqa: S603 - the user's own interpreter, no shell
            [*argv[:-1], MODULE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=inherited | ISOLATED,
            timeout=TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise EnvironmentUnfitError(
            f"{called} cannot be started: {error.strerror}; name a Python interpreter"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentUnfitError(f"{called} did not describe its packages within {TIMEOUT_S:.0f} s") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EnvironmentUnfitError(
            f"{called} cannot run bench's worker: {last or f'status {done.returncode}'}; "
            "install into it: pip install --no-deps --requirement images/requirements.lock"
        )
    try:
        return decode_json(done.stdout, Environment, source=f"{called} -m {MODULE}")
    except BenchError as error:
        raise EnvironmentUnfitError(f"{called} gave an invalid description: {error}") from error
