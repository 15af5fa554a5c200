"""A stand-in for pip: it "installs" torch as a package that the test has planted, and downloads nothing."""

from pathlib import Path

import pytest

from bench.launch import torch_environment

_SCRIPT = """\
import sys
from pathlib import Path

if sys.argv[1:3] == ["index", "versions"]:
    print("torch (2.14.1)")
    print("Available versions: {available}")
    sys.exit(0)
assert sys.argv[1] == "--python" and sys.argv[3] == "install" and sys.argv[-1] == "torchvision", sys.argv
name, _, version = sys.argv[-2].partition("==")
with Path(__file__).with_name("installed.txt").open("a") as log:
    log.write(version + "\\n")
if version.startswith("9."):
    print("Looking for " + version)
    print("ERROR: No matching distribution found for torch==" + version, file=sys.stderr)
    print("[notice] something else", file=sys.stderr)
    sys.exit(1)
(site,) = (Path(sys.argv[2]).parents[1] / "lib").glob("python*/site-packages")
(site / "torch").symlink_to({package!r})
if {empty!r}:  # bench's own torchvision needs a real torch
    (site / "torchvision").mkdir()
    (site / "torchvision" / "__init__.py").touch()
info = site / ("torch-" + version + {suffix!r} + ".dist-info")
info.mkdir()
(info / "METADATA").write_text("Metadata-Version: 2.1\\nName: torch\\nVersion: " + version + {suffix!r} + "\\n")
(info / "RECORD").write_text("torch/planted.py,sha256=" + version + ",1\\n")
"""


class StandIn:
    """What the stand-in was asked to install, in turn."""

    def __init__(self, script: Path) -> None:
        self._log = script.with_name("installed.txt")

    def installed(self) -> list[str]:
        return self._log.read_text().split() if self._log.exists() else []


def plant_pip(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *,
    package: Path | None = None,
    suffix: str = "",
    available: str = "2.13.0, 2.12.1, 2.12.0",
) -> StandIn:
    """Put the stand-in in the place of pip.

    Args:
        monkeypatch: Of the test.
        folder: For its files, and for the cache.
        package: The folder that becomes `torch`; an empty package if None.
        suffix: Of the version that it installs in place of the one asked for.
        available: Releases of torch, as `pip index versions` prints them.
    """
    empty = package is None
    if package is None:
        package = folder / "planted_torch"
        package.mkdir()
        (package / "__init__.py").write_text("")
    script = folder / "stand_in_pip.py"
    script.write_text(_SCRIPT.format(package=str(package), empty=empty, suffix=suffix, available=available))
    monkeypatch.setattr(torch_environment, "PIP", ("-I", str(script)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return StandIn(script)
