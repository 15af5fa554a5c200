"""Machines to detect: recorded ones, unpacked once a session, and ones composed file by file."""

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MACHINES = Path(__file__).parents[2] / "data" / "machines"

Unpack = Callable[[str], Path]
Compose = Callable[[Mapping[str, str]], Path]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Unpack:
    """The root of a recorded machine, by the name of its archive."""
    unpacked: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        if name not in unpacked:
            target = tmp_path_factory.mktemp(name)
            with tarfile.open(MACHINES / f"{name}.tar.gz") as archive:
                archive.extractall(target, filter="data")
            unpacked[name] = target / "root"
        return unpacked[name]

    return unpack


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """A root with these files, path → text."""

    def write(files: Mapping[str, str]) -> Path:
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write
