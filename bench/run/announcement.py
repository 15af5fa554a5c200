"""Pass the place of a run's bundle to whoever started the run: as data, not as printed text.

`bench container run` asks for it on the host, and `make run` in its script.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from bench.bundle.files import read_file, write_file
from bench.bundle.image import ANNOUNCEMENT
from bench.errors import BundleError
from bench.records.bundle import BUNDLE_SUFFIX

_MAX_BYTES = 255
"""The longest file name of Linux's file systems."""


def announce_bundle(bundle: Path, variables: Mapping[str, str] | None = None) -> None:
    """Write the bundle's path where whoever started this run asked for it; do nothing if nobody did.

    The path is relative to the folder of the announcement: the name alone for a bundle beside it.

    Raises:
        OutputError: the file cannot be written.
    """
    path = (os.environ if variables is None else variables).get(ANNOUNCEMENT)
    if path is not None:
        place = os.path.relpath(bundle.resolve(), Path(path).resolve().parent)
        write_file(Path(path), os.fsencode(place), replace=True)


def read_announcement(path: Path) -> Path | None:
    """Return the bundle that a run announced, which lies beside the announcement; None if it announced none.

    Raises:
        BundleError: it is no bundle's name. An image that is not bench could name any file of the host to be signed.
    """
    if not path.exists():
        return None
    name = read_file(path, limit=_MAX_BYTES).decode(errors="replace")
    if Path(name).name != name or not name.endswith(BUNDLE_SUFFIX):
        raise BundleError(f"{path}: the run announced {name!r}, which is not a bundle's name; is the image bench?")
    return path.with_name(name)
