import errno
import os
from pathlib import Path

import pytest

from bench.bundle.files import write_file
from bench.bundle.sync import sync


def refuse_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_a_file_system_that_cannot_sync_takes_files_all_the_same(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_with(number, monkeypatch)
    write_file(tmp_path / "a", b"data", replace=False)
    assert (tmp_path / "a").read_bytes() == b"data"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
def test_data_that_could_not_be_written_is_an_error(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_with(number, monkeypatch)
    with pytest.raises(OSError, match=os.strerror(number)):
        sync(0)
