"""Wait until data is on disk, as far as the file system can."""

import errno
import os

_UNABLE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""What fsync(2) gives where there is nothing to call: folders on CIFS, some FUSE file systems. No data was lost."""


def sync(descriptor: int) -> None:
    """Sync a file or a folder to disk; do nothing on a file system that cannot.

    Raises:
        OSError: the data could not be written.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
