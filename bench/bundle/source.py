"""Identify bench itself: the digest of its source, its revision, and the lock it was installed from."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import bench
from bench.errors import EnvironmentUnfitError
from bench.records.digest import Digest

PROJECT = Path(bench.__file__).resolve().parents[1]
"""The folder that holds `bench/`, `profiles/` and `images/`."""

REVISION_VARIABLE = "BENCH_REVISION"
"""Set by the image's build: an image has no `.git`."""

_LOCKS = (".venv/installed.lock", "images/requirements.lock")
_PATTERNS = ("bench/**/*.py", "bench/**/*.json", "bench/**/*.toml", "bench/**/*.cpp", "profiles/*.toml")
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_REFERENCE = re.compile(r"ref: (refs/[A-Za-z0-9][A-Za-z0-9._/-]*)", re.ASCII)
_MAX_GIT_BYTES = 1 << 24


def digest_source(root: Path = PROJECT) -> Digest:
    """Return the digest over bench's modules, suites and profiles.

    It is the digest of what `sha256sum` prints for these files in the order of their paths, so anyone can recompute it.

    Raises:
        EnvironmentUnfitError: a file cannot be read.
    """
    files = sorted(
        {path.relative_to(root).as_posix(): path for pattern in _PATTERNS for path in root.glob(pattern)}.items()
    )
    total = hashlib.sha256()
    for name, path in files:
        total.update(f"{hashlib.sha256(_read(path)).hexdigest()}  {name}\n".encode())
    return f"sha256:{total.hexdigest()}"


@cache
def own_source() -> Digest:
    """Return the digest of this bench's source, read once: verification asks for it with every bundle."""
    return digest_source()


def find_lock(root: Path = PROJECT) -> Path | None:
    """Return the lock that was installed; None if there is none.

    `make` copies it to `.venv`, since another lock than the default may be installed; an image holds the one that it
    was built from.
    """
    return next((path for name in _LOCKS if (path := root / name).exists()), None)


def digest_lock(root: Path = PROJECT) -> Digest | None:
    """Return the digest of the lock that was installed; None if there is none."""
    lock = find_lock(root)
    return None if lock is None else f"sha256:{hashlib.sha256(_read(lock)).hexdigest()}"


def read_revision(root: Path, variables: Mapping[str, str]) -> str | None:
    """Return the commit that is checked out, or the one the image was built from; None if neither is known.

    The source digest shows whether files were changed since. Git's files are read without git: see
    gitrepository-layout(5).
    """
    folder = _git_folder(root)
    if folder is None:
        baked = variables.get(REVISION_VARIABLE, "")
        return baked if _REVISION.fullmatch(baked) else None
    head = _read_line(folder / "HEAD")
    reference = _REFERENCE.fullmatch(head)
    return _resolve(folder, reference[1]) if reference else _as_revision(head)


def _git_folder(root: Path) -> Path | None:
    """Return `.git`, or the folder that a linked work tree's `.git` file names."""
    path = root / ".git"
    if path.is_dir():
        return path
    line = _read_line(path)
    return root / line.removeprefix("gitdir: ") if line.startswith("gitdir: ") else None


def _resolve(folder: Path, reference: str) -> str | None:
    """Return a branch's commit, from its own file, which may be in the main repository, or from `packed-refs`."""
    shared = folder / (_read_line(folder / "commondir") or ".")
    for place in (folder, shared):
        revision = _as_revision(_read_line(place / reference))
        if revision is not None:
            return revision
    for line in _read_text(shared / "packed-refs").splitlines():
        revision, _, name = line.partition(" ")
        if name == reference:
            return _as_revision(revision)
    return None


def _as_revision(text: str) -> str | None:
    return text if _REVISION.fullmatch(text) else None


def _read_line(path: Path) -> str:
    return _read_text(path).strip()


def _read_text(path: Path) -> str:
    """Return a file of git; empty if it cannot be read, which does not end a run."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MAX_GIT_BYTES)
    except OSError:
        return ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EnvironmentUnfitError(f"{path}: {error.strerror}; is bench installed completely?") from error
