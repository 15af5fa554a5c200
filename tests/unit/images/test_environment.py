"""When images/make-environment.sh makes .venv again."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.bundle.source import PROJECT

PYTHON = """\
#!/bin/sh
case $1 in
-c) echo {version} ;;
-m)
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    echo '#!/bin/sh' >.venv/bin/pip
    chmod +x .venv/bin/pip
    ;;
esac
"""


def write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def install(folder: Path, version: str) -> None:
    write_script(folder / f"python{version}", PYTHON.format(version=version))


def run_script(folder: Path, version: str, lock: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder that has a stub in place of what fetches packages of the system."""
    (folder / "some.lock").write_text(lock, encoding="utf-8")
    (folder / "images").mkdir(exist_ok=True)
    write_script(folder / "images/fetch-allocators.sh", "#!/bin/sh\n")
    shutil.copy(PROJECT / "images/check-space.sh", folder / "images")
    return subprocess.run(
        [PROJECT / "images/make-environment.sh", f"./python{version}", "some.lock"],
        cwd=folder,
        env=os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def make(folder: Path, version: str, lock: str) -> tuple[str, str]:
    """What the script says, and the version of .venv after it."""
    done = run_script(folder, version, lock)
    assert done.returncode == 0, done.stderr
    made = subprocess.run([folder / ".venv/bin/python", "-c", ""], capture_output=True, text=True, check=True)
    return done.stderr, made.stdout.strip()


def test_another_python_or_another_lock_makes_the_environment_again(tmp_path: Path) -> None:
    for version in ("3.11", "3.13"):
        install(tmp_path, version)
    installing = "Installing some.lock into .venv with ./python{}; this takes minutes, once.\n"
    assert make(tmp_path, "3.11", "a") == (installing.format("3.11"), "3.11")
    assert make(tmp_path, "3.11", "a") == ("", "3.11")
    assert make(tmp_path, "3.13", "a") == (installing.format("3.13"), "3.13")
    assert make(tmp_path, "3.13", "b") == (installing.format("3.13"), "3.13")
    assert make(tmp_path, "3.13", "b") == ("", "3.13")


def test_too_little_disk_space_is_one_line_before_anything_is_installed(tmp_path: Path) -> None:
    install(tmp_path, "3.11")
    (tmp_path / "bin").mkdir()
    write_script(tmp_path / "bin/df", "#!/bin/sh\nprintf 'Avail\\n 5999MB\\n'\n")
    done = run_script(tmp_path, "3.11", "a")
    lacking = f".venv takes 6 GB while it is made, and 5 GB are free in {tmp_path}"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, lacking)
    assert not (tmp_path / ".venv").exists()
    write_script(tmp_path / "bin/df", "#!/bin/sh\nprintf 'Avail\\n 6000MB\\n'\n")
    assert run_script(tmp_path, "3.11", "a").returncode == 0
