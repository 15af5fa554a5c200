"""The folder for results: checked before anything is measured, not after."""

import errno
import os
import tempfile
from pathlib import Path

from bench.bundle.sync import sync
from bench.errors import OutputError

NEEDED_BYTES = 256 << 20
"""Space for a compiler's cache, the journal and the bundle. Bundles are a few megabytes."""

_TRIAL_BYTES = 1 << 20

MOUNT_HINT = 'mount a folder with -v "$PWD/results:/results"'
READ_ONLY_HINT = "mount it writable, or choose another with --output"
OWNER_HINT = 'run as its owner with --user "$(id -u):$(id -g)", or open it with chmod 1777'


def require_output(
    output: Path, *, in_image: bool, root_device: int | None = None, mountinfo: Path = Path("/proc/self/mountinfo")
) -> None:
    """Make sure that a folder can keep results, by writing there; make it if it does not exist.

    Args:
        output: The folder.
        in_image: This is a bench container: its own file system is deleted with it.
        root_device: Device of `/`, for tests.
        mountinfo: The table of mounts.

    Raises:
        OutputError: it cannot be made or written, has no space, has a name that is not UTF-8, or would be lost with the
            container.
    """
    try:
        str(output.absolute()).encode()
    except UnicodeEncodeError as error:
        raise OutputError(
            f"results folder {output.absolute()}: its name is not UTF-8, as workers need it; choose another with --output"
        ) from error
    try:
        output.mkdir(parents=True, exist_ok=True)
        status = output.stat()
    except OSError as error:
        raise OutputError(
            f"results folder {output} cannot be made: {error.strerror}; {_way_out(in_image=in_image)}"
        ) from error
    if in_image and status.st_dev == (Path("/").stat().st_dev if root_device is None else root_device):
        raise OutputError(f"results folder {output} is inside the container and would be lost with it; {MOUNT_HINT}")
    if in_image and _is_own_tmpfs(status.st_dev, mountinfo):
        raise OutputError(f"results folder {output} is a tmpfs, which ends with the container; {MOUNT_HINT}")
    space = os.statvfs(output)
    free = space.f_bavail * space.f_frsize
    try:
        with tempfile.NamedTemporaryFile(dir=output, prefix=".trial-") as trial:
            trial.write(bytes(_TRIAL_BYTES))
            trial.flush()
            sync(trial.fileno())
    except OSError as error:
        way_out = READ_ONLY_HINT if error.errno == errno.EROFS else _way_out(in_image=in_image)
        raise OutputError(
            f"results folder {output} cannot be written by user {os.geteuid()}: {error.strerror}; {way_out}"
        ) from error
    if free < NEEDED_BYTES:
        raise OutputError(
            f"results folder {output} has {free >> 20} MiB free, a run needs {NEEDED_BYTES >> 20} MiB; "
            "free some space, or choose another with --output"
        )


def _is_own_tmpfs(device: int, mountinfo: Path) -> bool:
    """Return whether a device is a tmpfs that is mounted whole, as for `--tmpfs` and for a volume in memory.

    Of a host's tmpfs, a container gets a folder: then the mount's root is that folder (proc_pid_mountinfo(5)).
    """
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = [(line.split(" - ")[0].split(), line.split(" - ")[-1].split()) for line in lines if " - " in line]
    found = [(before[3], after[0]) for before, after in mounts if len(before) > 3 and after and before[2] == number]
    return bool(found) and all(mount == ("/", "tmpfs") for mount in found)


def _way_out(*, in_image: bool) -> str:
    return OWNER_HINT if in_image else "choose another with --output"
