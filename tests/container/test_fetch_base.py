"""Fetching the base's .debs from a mirror that moved on: by path, checked with the lock, and completely or not at all."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker

LOCKED = Path("pool/main/h/headers/headers_1_all.deb")
CONTENT = b"the locked version"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder whose lock names one .deb, beside a mirror whose index no longer has it."""
    images = tmp_path / "images"
    images.mkdir()
    for script in ("base.sh", "fetch-base.sh"):
        shutil.copy(Path("images") / script, images)
    (images / "base-amd64.lock").write_text(
        f"Package: headers\nVersion: 1\nFilename: {LOCKED}\nSHA256: {hashlib.sha256(CONTENT).hexdigest()}\n"
    )
    kept = tmp_path / "mirror" / LOCKED
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT)
    (tmp_path / "mirror" / "Packages").touch()
    return tmp_path


def fetch(checkout: Path) -> subprocess.CompletedProcess[str]:
    mirror = f"deb [trusted=yes] copy:{checkout}/mirror ./"
    return subprocess.run(
        ["/usr/bin/bash", "images/fetch-base.sh", "amd64", "fetched"],
        cwd=checkout,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_MIRROR": mirror},
        capture_output=True,
        text=True,
        check=False,
    )


def test_takes_a_version_that_the_index_no_longer_names(checkout: Path) -> None:
    finished = fetch(checkout)

    assert (finished.returncode, finished.stderr) == (0, "")
    assert (checkout / "fetched" / LOCKED).read_bytes() == CONTENT


def test_refuses_a_file_that_is_not_the_locked_one(checkout: Path) -> None:
    (checkout / "mirror" / LOCKED).write_bytes(b"another content")

    finished = fetch(checkout)

    assert finished.returncode == 1
    assert "Hash Sum mismatch" in finished.stderr
    assert finished.stderr.endswith(f"no mirror has: {LOCKED.name}; set DEBIAN_MIRROR to a snapshot archive\n")
    assert list((checkout / "fetched").rglob("*.deb")) == []


def test_names_what_no_mirror_has_and_fetches_it_when_one_does(checkout: Path) -> None:
    kept = checkout / "mirror" / LOCKED
    kept.rename(checkout / "elsewhere")

    assert f"no mirror has: {LOCKED.name};" in fetch(checkout).stderr

    (checkout / "elsewhere").rename(kept)
    assert fetch(checkout).returncode == 0
    assert (checkout / "fetched" / LOCKED).read_bytes() == CONTENT
