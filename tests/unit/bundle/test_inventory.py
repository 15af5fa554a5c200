from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from bench.bundle.inventory import (
    Inventory,
    Library,
    SystemPackage,
    WheelParts,
    read_inventory,
    read_system,
    read_wheel_digest,
)

ONE, TWO = "1" * 64, "2" * 64
LOCK = f"""\
fast==1.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:{ONE}
    # via bench
fast==1.0 ; (sys_platform == 'linux') and platform_machine == 'aarch64' \\
    --hash=sha256:{TWO}
some-pure==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:{ONE}
many==3.0 \\
    --hash=sha256:{ONE} \\
    --hash=sha256:{TWO}
"""
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9
Description: GNU C Library
 of many lines
 .
 and more

Package: g++
Architecture: amd64
Version: 4:12.2.0-3
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: g++

Files: *
License: GPL-3+
 long text

Files: other
License: Artistic
"""


def install(folder: Path, name: str, metadata: str, record: str = "") -> PathDistribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}")
    (info / "RECORD").write_text(record)
    return PathDistribution(info)


@pytest.mark.parametrize(
    ("name", "version", "machine", "digest"),
    [
        ("fast", "1.0", "x86_64", ONE),
        ("fast", "1.0", "aarch64", TWO),
        ("some-pure", "2.0", "aarch64", ONE),
        ("many", "3.0", "x86_64", ""),
        ("fast", "1.1", "x86_64", ""),
        ("gone", "1.0", "x86_64", ""),
    ],
    ids=["x86-64", "Arm", "the same everywhere", "a lock that leaves a choice", "another version", "not in the lock"],
)
def test_a_wheel_has_the_hash_of_the_lock(name: str, version: str, machine: str, digest: str) -> None:
    assert read_wheel_digest(LOCK, name, version, machine) == digest


@pytest.mark.parametrize(("python", "digest"), [("3.11", ONE), ("3.13", TWO), ("3.14", TWO), ("3.12", "")])
def test_a_wheel_for_each_python_has_its_own_hash(python: str, digest: str) -> None:
    lock = (
        f"built==1.0 ; platform_machine == 'x86_64' and python_version == '3.11' \\\n    --hash=sha256:{ONE}\n"
        "built==1.0 ; platform_machine == 'x86_64' and (python_version == '3.13' or python_version == '3.14') \\\n"
        f"    --hash=sha256:{TWO}\n"
    )
    assert read_wheel_digest(lock, "built", "1.0", "x86_64", python) == digest


@pytest.mark.parametrize(
    ("metadata", "license_", "is_expression"),
    [
        ("License-Expression: Apache-2.0 OR MIT\nLicense: ignored\n", "Apache-2.0 OR MIT", True),
        ("License: BSD\n", "BSD", False),
        (f"License: {'x' * 200}\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License", False),
        ("Classifier: Programming Language :: Python\n", "", False),
    ],
    ids=["an expression", "a name", "a whole text, and a classifier", "none"],
)
def test_a_wheel_states_its_licence(tmp_path: Path, metadata: str, license_: str, *, is_expression: bool) -> None:
    inventory = read_inventory(tmp_path, image_root=None, installed=[install(tmp_path, "Fast", metadata)])
    assert inventory == Inventory({"fast": WheelParts(license_, is_expression)}, ())


def test_installed_libraries_of_a_wheel_are_listed_without_modules(tmp_path: Path) -> None:
    digest = "A" * 43
    site_packages = tmp_path / "lib/python3.11/site-packages"
    record = (
        f"fast/lib/libfast.so.1.2,sha256={digest},1\n"
        f"fast/lib/libremoved.so,sha256={digest},1\n"
        f"../../../lib/libother.so,sha256={digest},1\n"
        f"fast/_c.cpython-311-x86_64-linux-gnu.so,sha256={digest},1\nfast/_d.abi3.so,sha256={digest},1\n"
        f"fast/__init__.py,sha256={digest},1\nfast/unhashed.so,,\n"
    )
    installed = [install(site_packages, "fast", "", record)]
    for path in ("fast/lib/libfast.so.1.2", "fast/_c.cpython-311-x86_64-linux-gnu.so", "../../libother.so"):
        (site_packages / path).parent.mkdir(parents=True, exist_ok=True)
        (site_packages / path).touch()
    inventory = read_inventory(tmp_path, image_root=None, installed=installed)
    assert inventory.wheels["fast"].libraries == (
        Library("../../libother.so", "0" * 64),
        Library("fast/lib/libfast.so.1.2", "0" * 64),
    )


def test_debian_packages_have_the_licences_that_they_state_and_the_hashes_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    for package, text in (
        ("g++", COPYRIGHT),
        ("libc6", "This is free text.\nLicense: none that a program could read\n"),
    ):
        (tmp_path / "usr/share/doc" / package).mkdir(parents=True)
        (tmp_path / "usr/share/doc" / package / "copyright").write_text(text)
    lock = f"Package: g++\nVersion: 4:12.2.0-3\nArchitecture: amd64\nSHA256: {ONE}\n\n"
    assert list(read_system(tmp_path, lock)) == [
        SystemPackage("g++", "4:12.2.0-3", "amd64", ONE, ("Artistic", "GPL-3+")),
        SystemPackage("libc6", "2.36-9", "amd64"),
    ]


def test_a_base_without_dpkg_has_no_debian_packages(tmp_path: Path) -> None:
    assert list(read_system(tmp_path, "")) == []
