import errno
import os
from pathlib import Path

import pytest

from bench.cli.main import cli
from bench.cli.system_errors import explain_system_error
from tests.unit.cli.conftest import Invoke


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE), "/etc/x"), "/etc/x: Too many open files; raise the limit"),
        (OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)), "No locks available; choose a place on another file system"),
        (OSError(errno.EXDEV, "Invalid cross-device link", "/a", None, "/b"), "/a: /b: Invalid cross-device link; "),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), "Transport endpoint is not connected"),
        (MemoryError(), "out of memory; give it more"),
        (RuntimeError("can't start new thread"), "no thread can be started; raise the limit on processes and threads"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_the_system_refuses_is_one_line_with_the_way_out(error: Exception, message: str) -> None:
    explained = explain_system_error(error)
    assert explained is not None
    assert explained.startswith(message)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyError("a bug")], ids=repr)
def test_other_errors_are_not_the_systems(error: Exception) -> None:
    assert explain_system_error(error) is None


@pytest.mark.parametrize(
    "number",
    sorted(errno.errorcode.keys() - {errno.EPIPE, errno.ESHUTDOWN}),  # a reader that has seen enough
    ids=errno.errorcode.get,
)
def test_no_errno_is_called_a_bug_in_bench(number: int, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(Path("/some/file")))

    monkeypatch.setattr(cli, "main", fail)
    outcome = invoke("suites")
    assert outcome.status == 7
    assert outcome.err.startswith("bench: /some/file: ")
    assert outcome.err.count("\n") == 1
    assert "bug" not in outcome.err
