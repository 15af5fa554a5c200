"""What the bill of materials says beyond names and versions: licences, hashes, libraries inside wheels, Debian packages.

All of it is read from what is installed, below a root, so that it is the same for an image and for a run in it.
"""

import base64
import csv
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from email.parser import HeaderParser
from importlib.metadata import Distribution as InstalledDistribution
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from bench.bundle.environment import normalize_name, normalize_path
from bench.bundle.source import PROJECT, find_lock

BASE_LOCK = "images/base.lock"

PYTHON = ".".join(platform.python_version_tuple()[:2])
"""Of this interpreter, as a lock's markers name it."""
"""The lock of an image's Debian packages, below the folder of bench."""

_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")
_EXTENSION = re.compile(r"\.(cpython-\d+-[a-z0-9_-]+|abi3)\.so$")
"""Modules that Python imports: they are the package itself, not a library inside of it."""

_LICENSE_FIELDS = ("License-Expression", "License")
_LICENSE_MAX = 100
"""Characters of a licence's name; some packages put the whole text there."""

_ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<marker> ;[^\\\n]*)?(?P<hashes>(?: *\\\n +--hash=sha256:[0-9a-f]{64})+)",
    re.MULTILINE,
)


class Library(NamedTuple):
    """A shared library inside a wheel.

    Attributes:
        path: From the folder of the packages.
        sha256: In hexadecimal.
    """

    path: str
    sha256: str


class WheelParts(NamedTuple):
    """What is known of an installed wheel.

    Attributes:
        license: An SPDX expression, or the package's own words; empty if it states none.
        is_expression: The licence is an SPDX expression.
        sha256: Of the wheel, from the lock, in hexadecimal; empty if the lock leaves a choice or has another version.
        libraries: By path.
    """

    license: str = ""
    is_expression: bool = False
    sha256: str = ""
    libraries: tuple[Library, ...] = ()


class SystemPackage(NamedTuple):
    """A Debian package.

    Attributes:
        sha256: Of the .deb, from the lock of the base, in hexadecimal; empty if that has none.
        licenses: Short names in its machine-readable copyright file (Debian's DEP 5).
    """

    name: str
    version: str
    architecture: str
    sha256: str = ""
    licenses: tuple[str, ...] = ()


class Inventory(NamedTuple):
    """What is installed.

    Attributes:
        wheels: Normalised name → parts.
        system: The image's own packages; none outside of an image, where the rest of the host is nobody's business.
    """

    wheels: Mapping[str, WheelParts] = {}
    system: tuple[SystemPackage, ...] = ()


def read_inventory(
    project: Path = PROJECT,
    *,
    image_root: Path | None,
    installed: Iterable[InstalledDistribution] | None = None,
    machine: str | None = None,
) -> Inventory:
    """Return what is installed.

    Args:
        project: Folder of bench, with the locks.
        image_root: Root of the image; None outside of one.
        installed: Python packages, by default all that can be imported; of two with one name the first counts.
        machine: The kernel's name of the architecture, by default of this machine.
    """
    lock, base_lock, machine = (
        _read_text(find_lock(project)),
        _read_text(project / BASE_LOCK),
        machine or platform.machine(),
    )
    wheels: dict[str, WheelParts] = {}
    for distribution in distributions() if installed is None else installed:
        name = normalize_name(distribution.metadata["Name"] or "")
        if name not in wheels:
            wheels[name] = _read_wheel(distribution, read_wheel_digest(lock, name, distribution.version, machine))
    return Inventory(wheels, () if image_root is None else tuple(read_system(image_root, base_lock)))


def read_wheel_digest(lock: str, name: str, version: str, machine: str, python: str = PYTHON) -> str:
    """Return the SHA-256 of the one wheel that a lock allows for a package; empty if there is not one.

    Args:
        lock: Its text.
        name: Of the package, normalised.
        version: Of the package.
        machine: The kernel's name of the architecture.
        python: Version of Python, such as `3.11`.
    """
    digests = [
        digest
        for entry in _ENTRY.finditer(lock)
        if normalize_name(entry["name"]) == name and entry["version"] == version
        if _names(entry["marker"] or "", "platform_machine", machine)
        if _names(entry["marker"] or "", "python_version", python)
        for digest in re.findall(r"[0-9a-f]{64}", entry["hashes"])
    ]
    return digests[0] if len(digests) == 1 else ""


def _names(marker: str, variable: str, value: str) -> bool:
    """Return whether an entry's marker allows a value: it names this one, or none."""
    named = re.findall(rf"{variable} == '([\w.]+)'", marker)
    return not named or value in named


def read_system(root: Path, base_lock: str) -> Iterator[SystemPackage]:
    """Yield the Debian packages below a root, by name, from the status file of dpkg; none if there is no such file."""
    digests = {
        (stanza["Package"], stanza["Version"], stanza["Architecture"]): stanza["SHA256"]
        for stanza in _read_stanzas(base_lock)
    }
    status = _read_text(root / "var/lib/dpkg/status")
    for stanza in sorted(_read_stanzas(status), key=lambda stanza: (stanza["Package"], stanza["Architecture"])):
        key = stanza["Package"], stanza["Version"], stanza["Architecture"]
        yield SystemPackage(*key, digests.get(key, ""), _read_licenses(root / "usr/share/doc" / key[0] / "copyright"))


def _read_stanzas(text: str) -> Iterator[Mapping[str, str]]:
    for stanza in text.split("\n\n"):
        if stanza.strip():
            yield dict(HeaderParser().parsestr(stanza.strip("\n") + "\n").items())


def _read_text(path: Path | None) -> str:
    """Return a file's text; empty if there is no such file."""
    try:
        return "" if path is None else path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read_licenses(path: Path) -> tuple[str, ...]:
    text = _read_text(path)
    if "copyright-format" not in text.partition("\n\n")[0]:
        return ()
    names = (name.strip() for name in re.findall(r"^License:(.*)$", text, re.MULTILINE))
    return tuple(sorted({name for name in names if 0 < len(name) <= _LICENSE_MAX}))


def _read_wheel(distribution: InstalledDistribution, sha256: str) -> WheelParts:
    metadata = distribution.metadata
    expression, stated = (next(iter(metadata.get_all(field) or ()), "").strip() for field in _LICENSE_FIELDS)
    if not stated or "\n" in stated or len(stated) > _LICENSE_MAX:
        classifiers = metadata.get_all("Classifier") or ()
        stated = next((line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")), "")
    return WheelParts(expression or stated, bool(expression), sha256, tuple(sorted(_read_libraries(distribution))))


def _read_libraries(distribution: InstalledDistribution) -> Iterator[Library]:
    """Yield the shared libraries of a wheel that are installed, with the hashes of its RECORD."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if len(row) < 2 or not row[1].startswith("sha256=") or not _LIBRARY.search(row[0]) or _EXTENSION.search(row[0]):
            continue
        if Path(str(distribution.locate_file(row[0]))).exists():  # images/left_out.py removes what no CPU uses
            digest = base64.urlsafe_b64decode(row[1].removeprefix("sha256=") + "=")
            yield Library(normalize_path(row[0]), digest.hex())
