import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from bench.errors import EnvironmentUnfitError
from bench.launch import torch_environment
from bench.launch.torch_environment import find_cache, find_environment, is_complete, list_releases, make_environment
from tests.pip_stand_in import plant_pip

FIND = "import torch, msgspec, importlib.metadata as m; print(torch.__file__, m.version('torch'), msgspec.__file__)"


def test_the_cache_is_where_the_user_keeps_caches() -> None:
    assert find_cache({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/bench")
    assert find_cache({"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/bench")
    with pytest.raises(EnvironmentUnfitError, match="neither XDG_CACHE_HOME nor HOME"):
        find_cache({})


def test_an_environment_differs_in_torch_alone_and_is_made_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip = plant_pip(monkeypatch, tmp_path)
    environment = find_environment("2.13.0", tmp_path / "cache")
    assert environment.name.startswith("torch-2.13.0-")
    for _ in range(2):
        make_environment("2.13.0", environment, parent={"PATH": "/bin", "PYTHONPATH": "/nowhere"})
    assert is_complete(environment)
    assert pip.installed() == ["2.13.0"]
    found = subprocess.run(
        [environment / "bin/python", "-P", "-s", "-c", FIND], capture_output=True, text=True, check=True
    )
    torch, version, msgspec = found.stdout.split()
    assert Path(torch).is_relative_to(environment)
    assert version == "2.13.0"
    assert not Path(msgspec).is_relative_to(environment)


def test_what_pip_cannot_install_leaves_nothing_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant_pip(monkeypatch, tmp_path)
    environment = find_environment("9.9.0", tmp_path / "cache")
    with pytest.raises(EnvironmentUnfitError) as refusal:
        make_environment("9.9.0", environment, parent={})
    assert str(refusal.value) == ("torch 9.9.0 cannot be installed: No matching distribution found for torch==9.9.0")
    assert not environment.exists()


def test_an_environment_that_was_left_unfinished_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant_pip(monkeypatch, tmp_path)
    environment = find_environment("2.13.0", tmp_path / "cache")
    (environment / "lib/python3.1/site-packages").mkdir(parents=True)
    make_environment("2.13.0", environment, parent={})
    assert is_complete(environment)
    assert not (environment / "lib/python3.1").exists()


def test_other_packages_of_bench_take_another_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = find_environment("2.13.0", tmp_path)
    monkeypatch.setattr(torch_environment, "distributions", list)
    assert find_environment("2.13.0", tmp_path) != before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(EnvironmentUnfitError, match="set XDG_CACHE_HOME to another folder"):
        make_environment("2.13.0", tmp_path / "cache" / "torch-2.13.0", parent={})


def test_a_pip_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "pip.py"
    script.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(torch_environment, "PIP", (str(script),))
    monkeypatch.setattr(torch_environment, "TIMEOUT_S", 0.5)
    with pytest.raises(EnvironmentUnfitError, match="pip did not end within"):
        make_environment("2.13.0", tmp_path / "cache" / "torch-2.13.0", parent={})


def make_wheel(folder: Path, name: str, version: str, requires: str, code: str = "") -> None:
    """Write a wheel of one module."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", code)
        wheel.writestr(
            f"{info}/METADATA",
            metadata + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires.split(",")),
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def test_a_torchvision_that_does_not_load_is_refused_with_what_it_says(tmp_path: Path) -> None:
    make_wheel(tmp_path, "torch", "2.13.0", "numpy,msgspec")
    make_wheel(tmp_path, "torchvision", "0.28.0", "torch==2.13.0", "raise RuntimeError('operator nms does not exist')")
    environment = tmp_path / "environment"
    parent = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    with pytest.raises(EnvironmentUnfitError) as refusal:
        make_environment("2.13.0", environment, parent=parent)
    assert "do not load together: RuntimeError: operator nms does not exist; wheels for CPUs" in str(refusal.value)
    assert not environment.exists()


def test_pip_takes_the_torchvision_that_fits_and_leaves_what_bench_has(tmp_path: Path) -> None:
    """pip itself, with a folder of small wheels in the place of an index."""
    for torch, torchvision in (("2.12.0", "0.27.0"), ("2.13.0", "0.28.0")):
        make_wheel(tmp_path, "torch", torch, "numpy,msgspec")
        make_wheel(tmp_path, "torchvision", torchvision, f"torch=={torch}")
    environment = tmp_path / "torch-2.12.0"
    parent = {
        "PATH": "/usr/bin:/bin",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    make_environment("2.12.0", environment, parent=parent)
    (site,) = environment.glob("lib/python*/site-packages")
    installed = sorted(
        path.name for path in site.glob("*.dist-info") if not path.name.startswith(("pip-", "setuptools-"))
    )
    assert installed == ["torch-2.12.0.dist-info", "torchvision-0.27.0.dist-info"]
    with pytest.raises(EnvironmentUnfitError, match=r"torch 2\.11\.0 cannot be installed: No matching distribution"):
        make_environment("2.11.0", tmp_path / "torch-2.11.0", parent=parent)
    with pytest.raises(EnvironmentUnfitError, match=r"pip lists no releases of torch: .*; name them by --versions"):
        list_releases(parent=parent | {"PIP_FIND_LINKS": str(tmp_path / "none")})
    assert list_releases(parent=parent) == ("2.12.0", "2.13.0")
