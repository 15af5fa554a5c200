"""Read which members an archive of torch holds, before torch reads it: a pickle or compiled code among them would run."""

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from bench.errors import UsageError

_CODE = "constants.pkl"
"""What TorchScript's archives have and pickled modules lack: its values, which torch reads without Python."""


def list_members(path: Path) -> tuple[str, ...]:
    """Return the members of an archive, without the folder that holds them all.

    Raises:
        UsageError: the file is no such archive, or has two members of one name, of which two readers may take either.
    """
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, BadZipFile, ValueError, NotImplementedError) as error:
        raise UsageError(f"{path}: no archive of torch ({error})") from error
    if len(set(names)) < len(names):
        raise UsageError(f"{path}: two members of the archive have one name")
    return tuple(name.partition("/")[2] for name in names)


def refuse_others(path: Path, members: tuple[str, ...], allowed: re.Pattern[str], *, form: str, way_out: str) -> None:
    """Refuse an archive with members that its form does not need, since they may be code.

    Raises:
        UsageError: there is one; names it.
    """
    other = next((name for name in members if not allowed.fullmatch(name)), None)
    if other is not None:
        raise UsageError(f"{path}: {form} has no {other!r}, which may be a pickle or compiled code; {way_out}")


def is_torchscript(members: tuple[str, ...]) -> bool:
    """Return whether an archive is TorchScript's, and no pickled module."""
    return _CODE in members and any(name.startswith("code/") for name in members)
