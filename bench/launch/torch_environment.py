"""Environments with another release of torch, made by pip and kept in a cache.

Such an environment has torch, torchvision and what they require in other versions than bench has. All else it takes from
the packages of the interpreter that runs bench, by a `.pth` file (Python, module `site`), so that nothing else differs.
It is of that interpreter and these packages: with others, another one is made.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path
from venv import EnvBuilder

from bench.errors import EnvironmentUnfitError

PIP = ("-I", "-m", "pip")
"""How this interpreter runs pip; isolated from the current folder and from `PYTHON*` variables."""

TIMEOUT_S = 3600.0
"""A release with what it requires has up to five gigabytes."""

_COMPLETE = "bench-complete"
"""File of an environment that was made to its end; one without it is made again."""

_SITES = frozenset({"dist-packages", "site-packages"})


def find_cache(parent: Mapping[str, str]) -> Path:
    """Return the folder of the environments.

    Source: XDG Base Directory Specification, version 0.8, `XDG_CACHE_HOME`.

    Raises:
        EnvironmentUnfitError: no home is known.
    """
    stated, home = parent.get("XDG_CACHE_HOME", ""), parent.get("HOME", "")
    if stated.startswith("/"):
        return Path(stated) / "bench"
    if home.startswith("/"):
        return Path(home) / ".cache/bench"
    raise EnvironmentUnfitError(
        "neither XDG_CACHE_HOME nor HOME is set, so there is no place for environments; set one"
    )


def find_environment(torch: str, cache: Path) -> Path:
    """Return the folder of the environment of a release, for this interpreter and its packages; it need not be there."""
    installed = sorted({(found.metadata["Name"], found.version) for found in distributions()})
    basis = repr((sys.version, sys.base_prefix, _list_sites(), installed))
    return cache / f"torch-{torch}-{hashlib.sha256(basis.encode()).hexdigest()[:16]}"


def is_complete(environment: Path) -> bool:
    """Return whether an environment was made to its end."""
    return (environment / _COMPLETE).is_file()


def make_environment(torch: str, environment: Path, *, parent: Mapping[str, str]) -> None:
    """Make the environment of a release; leave one that is complete as it is.

    pip takes its own settings: `pip.conf`, and variables such as `PIP_INDEX_URL`. What it leaves unfinished is removed.

    Args:
        torch: The release, such as `2.13.0`.
        environment: As `find_environment` returns it.
        parent: The environment that pip inherits, without the variables of Python.

    Raises:
        EnvironmentUnfitError: pip cannot install it, or the folder cannot be written; says why.
    """
    try:
        with _lock(environment.parent):
            if is_complete(environment):
                return
            shutil.rmtree(environment, ignore_errors=True)  # of a bench that was killed
            try:
                _make(torch, environment, parent)
            except BaseException:
                shutil.rmtree(environment, ignore_errors=True)
                raise
    except OSError as error:
        raise EnvironmentUnfitError(
            f"{environment}: cannot make an environment: {error.strerror}; set XDG_CACHE_HOME to another folder"
        ) from error


@contextmanager
def _lock(cache: Path) -> Iterator[None]:
    """Let one bench at a time make environments."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(torch: str, environment: Path, parent: Mapping[str, str]) -> None:
    EnvBuilder(symlinks=True).create(environment)
    python = environment / "bin/python"
    (site,) = environment.glob("lib/python*/site-packages")
    # Before pip runs: what torch requires and bench has is not installed again.
    (site / "bench-packages.pth").write_text("".join(f"{folder}\n" for folder in _list_sites()), encoding="utf-8")
    packages = (f"torch=={torch}", "torchvision")
    settings = ("--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:")
    status, text = run_pip(("--python", str(python), "install", *settings, *packages), parent=parent)
    if status:
        raise EnvironmentUnfitError(
            f"torch {torch} cannot be installed: {_find_cause(text) or f'pip ended with {status}'}"
        )
    _require_loading(python, parent)
    (environment / _COMPLETE).touch()


def _require_loading(python: Path, parent: Mapping[str, str]) -> None:
    """Refuse an environment whose torch and torchvision do not load together, as their metadata do not tell.

    Wheels for CPUs alone and those for GPUs have the same versions. Where an index has one kind of torch and another has
    the other kind of torchvision, pip installs both. Transformers imports torchvision, and fails too.

    Raises:
        EnvironmentUnfitError: says what torch or torchvision says.
    """
    status, text = _run((str(python), "-I", "-c", "import torch, torchvision"), parent=parent)
    if status:
        raise EnvironmentUnfitError(
            f"torch and torchvision were installed, and do not load together: {_find_cause(text)}; wheels for CPUs alone "
            "fit only one another: let pip take both from one index (PIP_INDEX_URL)"
        )


def list_releases(*, parent: Mapping[str, str]) -> tuple[str, ...]:
    """Return the releases of torch that pip finds for this interpreter, the oldest first.

    Args:
        parent: The environment that pip inherits.

    Raises:
        EnvironmentUnfitError: pip finds none, such as without a network.
    """
    status, text = run_pip(("index", "versions", "torch", "--disable-pip-version-check", "--no-input"), parent=parent)
    listed = [line.partition(":")[2] for line in text.splitlines() if line.startswith("Available versions:")]
    if status or not listed:
        raise EnvironmentUnfitError(f"pip lists no releases of torch: {_find_cause(text)}; name them by --versions")
    return tuple(name.strip() for name in reversed(listed[0].split(",")))


def run_pip(arguments: Sequence[str], *, parent: Mapping[str, str]) -> tuple[int, str]:
    """Run pip to its end, as `_run`."""
    return _run((sys.executable, *PIP, *arguments), parent=parent)


def _run(argv: Sequence[str], *, parent: Mapping[str, str]) -> tuple[int, str]:
    """Run a program to its end, with all that it starts.

    Returns:
        Its exit status, and what it printed.

    Raises:
        EnvironmentUnfitError: it takes longer than `TIMEOUT_S`.
    """
    process = subprocess.Popen(  # noqa: S603 - an interpreter, no shell
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={name: value for name, value in parent.items() if not name.startswith("PYTHON")},
        start_new_session=True,
    )
    with process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise EnvironmentUnfitError(f"pip did not end within {TIMEOUT_S:.0f} s") from error
            raise
    return process.returncode, output.decode(errors="replace")


def _find_cause(text: str) -> str:
    """Return the last error that pip printed, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return next(iter([*errors[::-1], *lines[::-1]]), "").removeprefix("ERROR:").strip()


def _list_sites() -> tuple[str, ...]:
    """Return the folders of packages that this interpreter imports from."""
    return tuple(entry for entry in sys.path if Path(entry).name in _SITES)
