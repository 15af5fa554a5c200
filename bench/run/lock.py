"""Keep two processes from going on with one run, also where the file system has no locks.

NFS without its lock daemon, EFS, Lustre without `-o flock` and some FUSE file systems refuse flock(2). Creating a file
that must not exist is atomic on all of them (open(2), O_EXCL). Unlike the kernel's lock, such a file outlives a process
that was killed. So it names its owner, and one of a process that has ended is replaced.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec

from bench.errors import EnvironmentUnfitError, OutputError

LOCK_FILE = "journal.lock"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The process that a lock file names.

    Attributes:
        host: Its host name, which is another one in every container.
        boot: Identifies the host's start; empty if the kernel does not show it.
        process: Its id.
    """

    host: str
    boot: str
    process: int


@contextmanager
def locked(stream: FileIO, folder: Path) -> Iterator[None]:
    """Hold a run's journal.

    Args:
        stream: The open journal.
        folder: Of the run.

    Raises:
        EnvironmentUnfitError: another process holds it.
        OutputError: the file system has no locks, and the file that replaces them cannot be made.
    """
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise EnvironmentUnfitError(f"{folder}: another process resumed this run; wait for it") from error
    except OSError:  # ENOLCK, ENOSYS, EOPNOTSUPP, EBADF, EINVAL: each file system has its own way to say no
        with _lock_file(folder / LOCK_FILE):
            yield
        return
    yield


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    me = _describe_process()
    try:
        if not _create(path, me):
            _remove_stale(path, me)
            if not _create(path, me):
                raise EnvironmentUnfitError(f"{path.parent}: another process resumed this run; wait for it")
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}; choose another place with --output") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _create(path: Path, owner: Owner) -> bool:
    """Create a lock file, and return whether it is ours: False if there is one."""
    try:
        with path.open("xb") as file:
            file.write(msgspec.json.encode(owner))
    except FileExistsError:
        return False
    return True


def _remove_stale(path: Path, me: Owner) -> None:
    """Remove the lock file of a process that has ended.

    Raises:
        EnvironmentUnfitError: it runs, or is of another host, where nobody here can tell.
    """
    try:
        owner = msgspec.json.decode(path.read_bytes(), type=Owner)
    except FileNotFoundError:
        return
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnvironmentUnfitError(
            f"{path}: does not name who resumed this run; if nobody does, delete this file"
        ) from error
    if owner.host == me.host and (owner.boot != me.boot or not Path(f"/proc/{owner.process}").exists()):
        path.unlink(missing_ok=True)
        return
    raise EnvironmentUnfitError(
        f"{path.parent}: process {owner.process} on host {owner.host!r} resumed this run; wait for it, "
        f"or delete {path.name} there if it has ended"
    )


def _describe_process() -> Owner:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        boot = ""
    return Owner(host=os.uname().nodename, boot=boot, process=os.getpid())
