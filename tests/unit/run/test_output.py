import os
from pathlib import Path

import pytest

from bench.errors import OutputError
from bench.run.output import require_output


def test_a_good_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    require_output(tmp_path / "a/b", in_image=False)
    assert list((tmp_path / "a/b").iterdir()) == []


def test_a_file_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(OutputError, match="cannot be made: File exists; choose another with --output"):
        require_output(tmp_path / "results", in_image=False)


def test_a_folder_that_cannot_be_written_names_the_user_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(
        OutputError, match=rf"cannot be written by user {os.geteuid()}: Permission denied; run as its owner"
    ):
        require_output(tmp_path, in_image=True, root_device=-1)


def test_a_full_disk_is_found_before_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)
    full = os.statvfs_result((*real[:4], 10, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(OutputError, match="has 0 MiB free, a run needs 256 MiB; free some space, or choose another"):
        require_output(tmp_path, in_image=False)


def test_a_folder_that_would_vanish_with_the_container_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"would be lost with it; mount a folder with -v"):
        require_output(tmp_path, in_image=True, root_device=tmp_path.stat().st_dev)


def test_a_mounted_folder_in_a_container_is_good(tmp_path: Path) -> None:
    require_output(tmp_path, in_image=True, root_device=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_system_is_to_be_mounted_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(OutputError, match="Read-only file system; mount it writable"):
        require_output(tmp_path, in_image=True, root_device=-1)


def test_a_folder_whose_name_is_no_utf_8_is_found_before_workers_are_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its name is not UTF-8, as workers need it; choose another"):
        require_output(tmp_path / os.fsdecode(b"\xff"), in_image=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("root", "kind", "refused"),
    [("/", "tmpfs", True), ("/results", "tmpfs", False), ("/", "ext4", False)],
    ids=["a tmpfs of the container", "a folder of the host's tmpfs", "a volume"],
)
def test_a_tmpfs_that_ends_with_the_container_is_refused(root: str, kind: str, refused: bool, tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "21 1 250:1 / / rw - overlay overlay rw\n"
        f"36 21 {os.major(device)}:{os.minor(device)} {root} /results rw,nosuid shared:1 - {kind} none rw,mode=1777\n"
    )
    if refused:
        with pytest.raises(OutputError, match=r"is a tmpfs, which ends with the container; mount a folder with -v"):
            require_output(tmp_path, in_image=True, root_device=-1, mountinfo=mountinfo)
    else:
        require_output(tmp_path, in_image=True, root_device=-1, mountinfo=mountinfo)
    require_output(tmp_path, in_image=False, mountinfo=mountinfo)
