from pathlib import Path

import pytest

from bench.bundle.image import ANNOUNCEMENT
from bench.errors import BundleError
from bench.run.announcement import announce_bundle, read_announcement


def test_what_is_announced_is_read_beside_the_announcement(tmp_path: Path) -> None:
    path = tmp_path / ".bundle-1"
    announce_bundle(tmp_path / "x.bench.tar", {ANNOUNCEMENT: str(path)})
    assert path.read_bytes() == b"x.bench.tar"
    assert read_announcement(path) == tmp_path / "x.bench.tar"


def test_a_bundle_elsewhere_is_announced_by_its_path_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "link").symlink_to("scratch")
    announce_bundle(Path("results/x.bench.tar"), {ANNOUNCEMENT: str(tmp_path / "link/bundle")})
    assert (tmp_path / "scratch/bundle").read_bytes() == b"../results/x.bench.tar"


def test_nothing_is_written_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    announce_bundle(tmp_path / "x.bench.tar", {})
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_wrote_no_bundle_announces_none(tmp_path: Path) -> None:
    assert read_announcement(tmp_path / ".bundle-1") is None


@pytest.mark.parametrize("name", ["", "../other.bench.tar", "/home/user/other.bench.tar", "x.tar", "a" * 300, "\xff"])
def test_an_announcement_names_a_bundle_of_its_own_folder_or_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / ".bundle-1"
    path.write_bytes(name.encode("latin-1"))
    with pytest.raises(BundleError):
        read_announcement(path)
