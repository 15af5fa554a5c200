"""When images/make-environment.sh makes .venv again."""

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


def install(folder: Path, version: str) -> None:
    path = folder / f"python{version}"
    path.write_text(PYTHON.format(version=version), encoding="utf-8")
    path.chmod(0o755)


def make(folder: Path, version: str, lock: str) -> tuple[str, str]:
    """What the script says, and the version of .venv after it."""
    (folder / "some.lock").write_text(lock, encoding="utf-8")
    stub = folder / "images/fetch-allocators.sh"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text("#!/bin/sh\n", encoding="utf-8")
    stub.chmod(0o755)
    python = f"./python{version}"
    done = subprocess.run(
        [PROJECT / "images/make-environment.sh", python, "some.lock"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
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
