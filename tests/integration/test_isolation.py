"""What a run measures is what is installed, and the bundle states the files that it had loaded."""

import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from bench.verification.verify import verify_bundle
from tests.integration.tiny import MEASURED, bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder to stand in, whose modules would end each process that imports them."""
    folder = tmp_path / "here"
    for package in ("torch_geometric", "torch", "bench"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"raise SystemExit('{package} of the current folder')\n")
    for module in ("statistics", "msgspec", "numpy", "sympy", "runpy"):
        (folder / f"{module}.py").write_text(f"raise SystemExit('{module} of the current folder')\n")
    return folder


def test_nothing_in_the_current_folder_or_in_pythonpath_is_measured(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(here))
    suite = write_suite(tmp_path, modes=("inference",), workload="basic_gnn_gcn")
    done = bench("--suite", suite, "--output", str(tmp_path / "out"), "--json", cwd=here)
    assert done.returncode in MEASURED, done.stderr
    (bundle,) = (tmp_path / "out").iterdir()
    (measurement,) = verify_bundle(bundle).contents.measurements
    assert measurement.proof is not None
    loaded = measurement.proof.loaded
    assert loaded["torch"].files > 500
    assert loaded["torch-geometric"].files > 100
    assert "nvidia-cublas" not in loaded  # mapped, and none of its modules


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A copy of this test's virtual environment, whose files are links, and in which files can be replaced."""
    return shutil.copytree(sys.prefix, tmp_path / "venv", symlinks=True, copy_function=os.link)


def measure_in(environment: Path, tmp_path: Path) -> dict[str, object]:
    """The failure of the one cell."""
    suite = write_suite(tmp_path, modes=("inference",), workload="basic_gnn_gcn")
    python = str(environment / "bin" / "python")
    done = bench("--suite", suite, "--output", str(tmp_path / "out"), "--json", cwd=tmp_path, python=python)
    assert done.returncode == 5, done.stderr
    (failure,) = json.loads(done.stdout)["summary"]["failed"].values()
    assert isinstance(failure, dict)
    return failure


def replace_file(path: Path, text: str) -> None:
    """Write a new file in the place of a link."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def site_of(environment: Path) -> Path:
    return environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)


def test_an_installed_file_that_was_changed_fails_the_cell(environment: Path, tmp_path: Path) -> None:
    file = site_of(environment) / "torch_geometric" / "nn" / "conv" / "gcn_conv.py"
    replace_file(file, file.read_text(encoding="utf-8") + "\n# changed\n")
    failure = measure_in(environment, tmp_path)
    assert failure["code"] == "file_altered"
    values = failure["values"]
    assert isinstance(values, dict)
    assert (values["file"], values["package"]) == (str(file), "torch-geometric")


def test_a_package_that_a_pth_file_brings_from_elsewhere_fails_the_cell(environment: Path, tmp_path: Path) -> None:
    site, elsewhere = site_of(environment), tmp_path / "elsewhere"
    shutil.copytree(site / "torch_geometric", elsewhere / "torch_geometric")
    replace_file(site / "elsewhere.pth", f"import sys; sys.path.insert(0, {str(elsewhere)!r})\n")
    failure = measure_in(environment, tmp_path)
    assert failure["code"] == "module_elsewhere"
    values = failure["values"]
    assert isinstance(values, dict)
    assert (values["module"], values["package"]) == ("torch_geometric", "torch-geometric")
    assert values["file"] == str(elsewhere / "torch_geometric" / "__init__.py")
