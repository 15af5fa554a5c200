"""Choose the wheels of a hash lock for the image of one architecture, and unpack them, on any machine.

Markers are evaluated for the image, not for the machine that builds it. No code of a wheel runs.

Usage:
    wheels.py list LOCK ARCH                  print the part of the lock for ARCH
    wheels.py install LOCK ARCH FOLDER TREE   unpack that part from a folder of wheels into TREE/opt/bench/venv
"""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PREFIX = "/opt/bench/venv"
SITE_PACKAGES = f"{PREFIX}/lib/python3.11/site-packages"


class Locked(NamedTuple):
    """One package of a lock.

    Attributes:
        name: Canonical (PEP 503).
        version: The only one that the lock allows.
        digests: SHA-256 of each allowed file, in hexadecimal.
    """

    name: str
    version: str
    digests: tuple[str, ...]


def read_lock(text: str, arch: str) -> Iterator[Locked]:
    """Return the packages of a lock that the image of an architecture needs.

    Raises:
        SystemExit: a line lacks an exact version or hashes.
    """
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": MACHINES[arch],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": "3.11.2",
        "python_version": "3.11",
        "sys_platform": "linux",
    }
    plain = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", plain).splitlines():
        package, *digests = line.split("--hash=sha256:")
        if not package.strip():
            continue
        requirement = Requirement(package.strip())
        [version] = [specifier.version for specifier in requirement.specifier if specifier.operator == "=="] or [None]
        if version is None or not digests:
            raise SystemExit(f"{line.strip()!r} has no exact version or no hashes; write the lock with `make lock`")
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield Locked(canonicalize_name(requirement.name), version, tuple(digest.strip() for digest in digests))


def find_wheel(locked: Locked, folder: Path) -> Path:
    """Return the wheel of a package in a folder, by its name and its digest.

    Raises:
        SystemExit: there is none, or its digest is not in the lock.
    """
    for path in sorted(folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        if name == locked.name and str(version) == locked.version:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest in locked.digests:
                return path
            raise SystemExit(
                f"{path} has SHA-256 {digest}, but the lock has {', '.join(locked.digests)}; remove the file"
            )
    raise SystemExit(f"{folder} has no wheel of {locked.name} {locked.version}; build without OFFLINE to download it")


def unpack(wheel: Path, tree: Path) -> None:
    """Unpack a wheel below a tree, and check each file against the wheel's RECORD."""
    scheme = {
        "purelib": SITE_PACKAGES,
        "platlib": SITE_PACKAGES,
        "headers": f"{PREFIX}/include/site/python3.11",
        "scripts": f"{PREFIX}/bin",
        "data": PREFIX,
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=f"{PREFIX}/bin/python", script_kind="posix", destdir=str(tree)
    )
    with WheelFile.open(wheel) as source:
        source.validate_record(validate_contents=True)
        install(source, destination, additional_metadata={"INSTALLER": b"installer\n"})


def main(command: str, lock: str, arch: str, folder: str = "", tree: str = "") -> None:
    """Run the command that the usage describes."""
    packages = sorted(read_lock(Path(lock).read_text(encoding="utf-8"), arch))
    if command == "list":
        for package in packages:
            hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in package.digests)
            print(f"{package.name}=={package.version}{hashes}")  # noqa: T201 - a script that prints
    else:
        for package in packages:
            unpack(find_wheel(package, Path(folder)), Path(tree))


if __name__ == "__main__":
    main(*sys.argv[1:])
