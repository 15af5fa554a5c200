"""Which wheels images/wheels.py chooses for an image, and how it unpacks them."""

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT

LOCK = """\
everywhere==1.0 \\
    --hash=sha256:{digest} \\
    --hash=sha256:{other}
    # via bench
intel_only==2.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:{digest}
windows==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:{digest}
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "images/wheels.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_wheel(folder: Path, content: bytes = b"value = 1\n") -> Path:
    """A wheel with one module, one command and one file of data."""
    folder.mkdir(exist_ok=True)
    files = {
        "everywhere.py": content,
        "everywhere-1.0.data/data/lib/libeverywhere.so": b"\x7fELF",
        "everywhere-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: everywhere\nVersion: 1.0\n",
        "everywhere-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_aarch64\n",
        "everywhere-1.0.dist-info/entry_points.txt": b"[console_scripts]\neverywhere = everywhere:main\n",
    }
    rows = [f"{name},sha256={encode(data)},{len(data)}" for name, data in files.items()]
    files["everywhere-1.0.dist-info/RECORD"] = "\n".join([*rows, "everywhere-1.0.dist-info/RECORD,,\n"]).encode()
    path = folder / "everywhere-1.0-cp311-cp311-linux_aarch64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def write_lock(folder: Path, digest: str) -> Path:
    path = folder / "some.lock"
    path.write_text(LOCK.format(digest=digest, other="1" * 64))
    return path


@pytest.mark.parametrize(("arch", "names"), [("amd64", ["everywhere", "intel-only"]), ("arm64", ["everywhere"])])
def test_markers_are_judged_for_the_image(arch: str, names: list[str], tmp_path: Path) -> None:
    done = run("list", write_lock(tmp_path, "0" * 64), arch)
    assert [line.partition("==")[0] for line in done.stdout.splitlines() if "==" in line] == names
    assert f"everywhere==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n" in done.stdout


def test_a_wheel_of_another_architecture_is_unpacked_as_if_it_ran_there(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels")
    lock = write_lock(tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest())
    done = run("install", lock, "arm64", tmp_path / "wheels", tmp_path / "tree")
    assert done.returncode == 0, done.stderr
    prefix = tmp_path / "tree/opt/bench/venv"
    assert (prefix / "lib/python3.11/site-packages/everywhere.py").read_bytes() == b"value = 1\n"
    assert (prefix / "lib/libeverywhere.so").exists()
    assert (prefix / "bin/everywhere").read_text().startswith("#!/opt/bench/venv/bin/python\n")
    assert not list(prefix.rglob("*.pyc"))


def test_a_tree_that_takes_no_more_is_one_line(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels", content=b"# a long file\n" * 10_000)
    lock = write_lock(tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest())
    command = [sys.executable, PROJECT / "images/wheels.py", "install", lock, "arm64", wheel.parent, tmp_path / "tree"]
    limited = ["prlimit", "--fsize=50000", "--", *map(str, command)]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path / 'tree'}: {wheel.name} cannot be unpacked: File too large\n",
    )


def test_a_wheel_that_is_not_the_locks_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels")
    done = run("install", write_lock(tmp_path, "0" * 64), "arm64", tmp_path / "wheels", tmp_path / "tree")
    assert done.returncode == 1
    assert "has SHA-256" in done.stderr
    assert not (tmp_path / "tree").exists()


def test_a_wheel_of_an_earlier_lock_beside_the_locks_is_passed_over(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels")
    lock = write_lock(tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest())
    (tmp_path / "wheels/everywhere-1.0-cp311-abi3-linux_aarch64.whl").write_bytes(b"of an earlier lock")
    done = run("install", lock, "arm64", tmp_path / "wheels", tmp_path / "tree")
    assert done.returncode == 0, done.stderr


def test_a_wheel_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    done = run("install", write_lock(tmp_path, "0" * 64), "arm64", tmp_path / "wheels", tmp_path / "tree")
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path}/wheels has no wheel of everywhere 1.0; build without OFFLINE to download it\n",
    )


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("everywhere==1.0\n")
    done = run("list", lock, "amd64")
    assert done.returncode == 1
    assert "has no exact version or no hashes" in done.stderr


def write_pylock(folder: Path, **packages: list[str]) -> Path:
    """A lock that names files: each file's SHA-256 is its number, counted over all."""
    path = folder / "pylock.toml"
    text = ""
    number = 0
    for package, names in packages.items():
        wheels = []
        for name in names:
            number += 1
            wheels.append(f'{{ url = "https://index.invalid/{name}", hashes = {{ sha256 = "{number:064}" }} }}')
        text += f'[[packages]]\nname = "{package}"\nwheels = [{", ".join(wheels)}]\n'
    path.write_text(text)
    return path


def choose(folder: Path, lock: str, **packages: list[str]) -> tuple[subprocess.CompletedProcess[str], str]:
    path = folder / "some.lock"
    path.write_text(lock)
    done = run("choose", path, write_pylock(folder, **packages))
    return done, path.read_text()


def entry(marker: str, number: int, end: str = "") -> str:
    return f"fast==1.0 ; platform_machine == '{marker}'{end} \\\n    --hash=sha256:{number:064}\n    # via bench\n"


def test_a_lock_keeps_one_wheel_for_each_architecture_and_python_whatever_glibc_installs_it(tmp_path: Path) -> None:
    lock = "fast==1.0 \\\n    --hash=sha256:all\n    # via bench\n"
    done, chosen = choose(
        tmp_path,
        lock,
        fast=[
            "fast-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "fast-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "fast-1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
            "fast-1.0-cp311-abi3-manylinux_2_28_x86_64.whl",
            "fast-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
            "fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
            "fast-1.0-cp311-cp311-manylinux2014_aarch64.whl",
            "fast-1.0-py3-none-any.whl",
        ],
    )
    assert done.returncode == 0, done.stderr
    assert chosen == (
        entry("x86_64' and python_version == '3.11", 2)
        + entry("x86_64' and python_version == '3.12", 6)
        + entry("x86_64' and (python_version == '3.13' or python_version == '3.14", 4, ")")
        + entry("aarch64' and python_version == '3.11", 7)
        + entry("aarch64' and (python_version == '3.12' or python_version == '3.13' or python_version == '3.14", 8, ")")
    )


def test_a_wheel_for_a_newer_glibc_is_taken_only_where_no_other_is(tmp_path: Path) -> None:
    names = ["new-1.0-py3-none-manylinux_2_35_aarch64.whl", "new-1.0-py3-none-manylinux_2_31_aarch64.whl"]
    lock = "new==1.0 ; platform_machine == 'aarch64' \\\n    --hash=sha256:all\n"
    assert f"sha256:{2:064}\n" in choose(tmp_path, lock, new=names)[1]


def test_a_package_that_is_the_same_everywhere_has_one_entry(tmp_path: Path) -> None:
    lock = "pure==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:all\nwindows==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:x\n"
    _, chosen = choose(
        tmp_path, lock, pure=["pure-1.0-py3-none-any.whl"], windows=["windows-1.0-cp311-cp311-win32.whl"]
    )
    assert chosen == f"pure==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{1:064}\n"


def test_a_lock_does_not_list_the_packages_that_it_leaves_out(tmp_path: Path) -> None:
    lock = "pure==1.0 \\\n    --hash=sha256:all\n    # via bench\n\n# The following packages were excluded from the output:\n# triton\n"
    _, chosen = choose(tmp_path, lock, pure=["pure-1.0-py3-none-any.whl"])
    assert chosen == f"pure==1.0 \\\n    --hash=sha256:{1:064}\n    # via bench\n"


def test_a_package_without_a_wheel_for_an_architecture_is_refused(tmp_path: Path) -> None:
    done, _ = choose(tmp_path, "gone==1.0 \\\n    --hash=sha256:x\n", gone=["gone-1.0-cp311-cp311-win32.whl"])
    assert (done.returncode, done.stderr) == (1, "gone==1.0 has no wheel for Python 3.11 on amd64\n")


def test_a_package_without_a_wheel_for_one_python_is_refused(tmp_path: Path) -> None:
    names = [f"old-1.0-cp{python}-cp{python}-manylinux_2_28_x86_64.whl" for python in (311, 312, 313)]
    done, _ = choose(tmp_path, "old==1.0 ; platform_machine == 'x86_64' \\\n    --hash=sha256:x\n", old=names)
    assert (done.returncode, done.stderr) == (
        1,
        "old==1.0 ; platform_machine == 'x86_64' has no wheel for Python 3.14 on amd64\n",
    )


def test_a_package_that_one_python_needs_is_looked_for_there_only(tmp_path: Path) -> None:
    lock = "back==1.0 ; python_full_version < '3.12' \\\n    --hash=sha256:x\n"
    _, chosen = choose(
        tmp_path,
        lock,
        back=["back-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "back-1.0-cp311-cp311-manylinux_2_28_aarch64.whl"],
    )
    assert chosen == "".join(
        f"back==1.0 ; platform_machine == '{machine}' and python_version == '3.11' \\\n    --hash=sha256:{number:064}\n"
        for number, machine in ((1, "x86_64"), (2, "aarch64"))
    )


def test_a_wheel_of_another_version_is_not_taken(tmp_path: Path) -> None:
    lock = "two==2.0 \\\n    --hash=sha256:x\n"
    _, chosen = choose(tmp_path, lock, two=["two-1.0-py3-none-any.whl", "two-2.0-py3-none-any.whl"])
    assert chosen == f"two==2.0 \\\n    --hash=sha256:{2:064}\n"


LOCKS = sorted(
    path for path in (PROJECT / "images").glob("requirements*.lock") if path.stem != "requirements-installer"
)
"""Of environments of bench; the installer is in none."""


def list_entries(lock: Path, arch: str, *python: str) -> list[str]:
    listed = run("list", lock, arch, *python).stdout
    return re.findall(r"^\S+==\S+.*(?: \\\n    --hash=sha256:[0-9a-f]{64})+$", listed, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_the_locks_leave_no_choice_of_wheels(lock: Path, arch: str, python: str) -> None:
    entries = list_entries(lock, arch, python)
    assert len(entries) > 90
    assert [entry for entry in entries if entry.count("--hash") != 1] == []
    names = [entry.partition("==")[0] for entry in entries]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_the_locks_have_the_same_versions_for_each_python(lock: Path) -> None:
    versions = {
        tuple(entry.partition(" ")[0] for entry in list_entries(lock, "amd64", python))
        for python in ("3.11", "3.12", "3.13", "3.14")
    }
    assert len(versions) == 1
