"""What is imported is what is installed: no folder and no variable of the user's decides it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.bundle.source import PROJECT
from bench.launch import isolation
from bench.launch.environment import worker_environment
from bench.launch.isolation import START, find_intruder, module_argv
from bench.records.profile import Binding

WAYS = {
    "python -m bench": ("-m", "bench"),
    "python entrypoint.py": (str(PROJECT / "entrypoint.py"),),
    "the script that make-environment.sh writes": ("-I", START, "bench"),
}


def shadow(folder: Path, *modules: str) -> Path:
    """A folder with modules that end the process when they are imported."""
    folder.mkdir(exist_ok=True)
    for name in modules:
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} of {folder} was imported')\n")
    return folder


def start(argv: Sequence[str], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONPATH": "."},
        {"PYTHONPATH": "..:."},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONWARNINGS": "error"},
        {"PYTHONSTARTUP": "msgspec.py"},
        {"PYTHONUSERBASE": "."},
        {},
    ],
    ids=str,
)
def test_neither_the_current_folder_nor_a_variable_decides_what_is_imported(
    way: tuple[str, ...], variables: dict[str, str], tmp_path: Path
) -> None:
    folder = shadow(tmp_path / "here", "msgspec", "click", "statistics", "json", "typing_extensions")
    done = start([sys.executable, *way, "suites"], folder, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "smoke" in done.stdout


def test_an_interpreter_that_loaded_a_folders_code_before_bench_began_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("")
    done = start([sys.executable, "-m", "bench", "suites"], PROJECT, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == (
        f"bench: PYTHONPATH made Python load sitecustomize from {tmp_path}/sitecustomize.py before bench began; unset it\n"
    )


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("/evil/re.py", "PYTHONPATH made Python load thing from /evil/re.py before bench began; unset it"),
        ("/here/re/__init__.py", "the current folder made Python load thing from /here/re/__init__.py"),
        ("/evil/site-packages/x.py", None),
        ("/evilly/re.py", None),
        ("/here/.local/lib/site-packages/_distutils_hack/__init__.py", None),  # by a .pth file of the user's own
        ("/usr/lib/python3/re.py", None),
        (None, None),
    ],
)
def test_an_intruder_is_named_with_what_brought_it(file: str | None, named: str | None) -> None:
    modules: dict[str, object] = {"sys": sys, "thing": SimpleNamespace(__file__=file)}
    suspects = {"/evil": "PYTHONPATH", "/here": "the current folder"}
    found = find_intruder(modules, suspects, ("/evil/site-packages",))
    assert found is None if named is None else (found or "").startswith(named)


def test_the_program_itself_is_no_intruder() -> None:
    modules: dict[str, object] = {"__main__": SimpleNamespace(__file__="/here/entrypoint.py")}
    assert find_intruder(modules, {"/here": "the script's folder"}, ()) is None


def test_a_module_of_bench_is_started_without_what_lies_beside_bench(tmp_path: Path) -> None:
    project = shadow(tmp_path / "project", "statistics", "beside", "runpy")
    launch = project / "bench" / "launch"
    launch.mkdir(parents=True)
    (project / "bench" / "__init__.py").write_text("")
    (launch / "__init__.py").write_text("")
    shutil.copy(START, launch)
    (project / "bench" / "shown.py").write_text(
        "import importlib.util, statistics, sys\n"
        "print(__name__, __spec__.name, sys.argv[1:], importlib.util.find_spec('beside'), __file__)\n"
    )
    argv = module_argv(sys.executable, "bench.shown", "a", "b")
    done = start([str(launch / "start.py") if word == START else word for word in argv], project)
    assert done.stdout == f"__main__ bench.shown ['a', 'b'] None {project}/bench/shown.py\n"


def test_interpreters_that_a_worker_starts_are_isolated_too(tmp_path: Path) -> None:
    folder = shadow(tmp_path, "statistics")
    parent = {**os.environ, "PYTHONPATH": str(folder)}
    binding = Binding(cpus="0", memory_nodes="", threads=1)
    environment = worker_environment({}, binding, preloads=(), parent=parent)
    program = "import site, statistics; print(site.ENABLE_USER_SITE)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_nothing_is_imported_before_isolation_that_a_folder_could_replace() -> None:
    """Only what every interpreter has loaded: another import would be found in the current folder first."""
    text = Path(isolation.__file__).read_text(encoding="utf-8")
    imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert imports == ["import os", "import site", "import sys"]


def test_packages_that_only_pythonpath_brings_are_named_as_missing(tmp_path: Path) -> None:
    site = sysconfig.get_path("purelib")
    done = start([sys.executable, "-S", "-I", START, "bench", "suites"], tmp_path, PYTHONPATH=site)
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith(f"bench: no package click is installed for {sys.executable}; PYTHONPATH and ")
    assert done.stderr.count("\n") == 1
