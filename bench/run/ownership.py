"""Files that a container writes for another user: the one who owns the results folder."""

import os
import stat
from pathlib import Path


def share_with_owner(output: Path, *, in_image: bool) -> None:
    """Let the owner of a results folder delete and change what this process and its workers write there.

    The user of an image is not the user who runs it. A folder that both can write to is open to everyone, and so is
    then what is written in it. Elsewhere nothing is opened.

    Args:
        output: The results folder; it exists.
        in_image: This is a bench container.
    """
    status = output.stat()
    if in_image and status.st_uid != os.geteuid() and status.st_mode & stat.S_IWOTH:
        os.umask(0)
