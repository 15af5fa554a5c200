"""The wheels of a hash lock for the image of one architecture, chosen and unpacked on any machine.

Markers are judged for the image, not for the machine that builds it, and nothing of a wheel is run.

Usage:
    wheels.py list LOCK ARCH                  the part of the lock that holds for ARCH
    wheels.py install LOCK ARCH FOLDER TREE   unpack it from a folder of wheels into TREE/opt/bench/venv
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
        name: Canonical.
        version: The only one that the lock allows.
        digests: SHA-256 of each file that is allowed, in hexadecimal.
    """

    name: str
    version: str
    digests: tuple[str, ...]


def read_lock(text: str, arch: str) -> Iterator[Locked]:
    """The packages of a lock that the image of an architecture needs.

    Raises:
        SystemExit: a line is no package of one version with hashes.
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
        [version] = [one.version for one in requirement.specifier if one.operator == "=="] or [None]
        if version is None or not digests:
            raise SystemExit(f"{line.strip()!r} has no version or no hashes; write the lock by `make lock`")
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield Locked(canonicalize_name(requirement.name), version, tuple(one.strip() for one in digests))


def find_wheel(locked: Locked, folder: Path) -> Path:
    """The wheel of a package in a folder, by its name and its digest.

    Raises:
        SystemExit: there is none; says what to do.
    """
    for path in sorted(folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        if name == locked.name and str(version) == locked.version:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest in locked.digests:
                return path
            raise SystemExit(f"{path} is not what the lock names: its SHA-256 is {digest}; remove it")
    raise SystemExit(f"{folder} has no wheel of {locked.name} {locked.version}; fetch it: build without OFFLINE")


def unpack(wheel: Path, tree: Path) -> None:
    """Unpack a wheel below a tree, each file held to the wheel's own list."""
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
    """Do what the usage says."""
    packages = sorted(read_lock(Path(lock).read_text(encoding="utf-8"), arch))
    if command == "list":
        for one in packages:
            hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in one.digests)
            print(f"{one.name}=={one.version}{hashes}")  # noqa: T201 - this is what it is for
    else:
        for one in packages:
            unpack(find_wheel(one, Path(folder)), Path(tree))


if __name__ == "__main__":
    main(*sys.argv[1:])
