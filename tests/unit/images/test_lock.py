"""What images/lock.sh writes, with a resolver that answers from a script; PyTorch's own index is not asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT
from images.left_out import PACKAGES

RESOLVER = """\
#!/bin/sh
echo "$@" >>calls
while [ $# -gt 0 ]; do
    case $1 in
    --format) format=$2 ;;
    --output-file) output=$2 ;;
    --torch-backend) index=1 ;;
    esac
    shift
done
[ -z "$index" ] || [ -e reachable ] || { cat refusal >&2; exit 2; }
if [ "$format" = pylock.toml ]; then cat pylock >"$output"; else cat resolved >"$output"; fi
"""
RESOLVED = """\
click==8.2 \\
    --hash=sha256:0
    # via bench (pyproject.toml)
    # from https://packages.invalid/simple
torch==2.14.1+cpu \\
    --hash=sha256:0
    # via bench (pyproject.toml)
    # from https://wheels.invalid/cpu
"""
CHOSEN = f"""\
--extra-index-url https://wheels.invalid/cpu
click==8.2 \\
    --hash=sha256:{1:064}
    # via bench (pyproject.toml)
torch==2.14.1+cpu \\
    --hash=sha256:{2:064}
    # via bench (pyproject.toml)
"""
PYLOCK = "".join(
    f'[[packages]]\nname = "{name}"\nwheels = [{{ name = "{name}-{version}-py3-none-any.whl", hashes = {{ sha256 = "{number:064}" }} }}]\n'
    for number, (name, version) in enumerate((("click", "8.2"), ("torch", "2.14.1+cpu")), 1)
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the scripts, and a resolver."""
    (tmp_path / "images").mkdir()
    for name in ("lock.sh", "left_out.py", "wheels.py"):
        (tmp_path / "images" / name).symlink_to(PROJECT / "images" / name)
    (tmp_path / "images/requirements.lock").write_text("of the package index\n")
    tools = tmp_path / "build/lock/bin"
    tools.mkdir(parents=True)
    (tools / "uv").write_text(RESOLVER)
    (tools / "uv").chmod(0o755)
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tools / "python").chmod(0o755)
    (tmp_path / "resolved").write_text(RESOLVED)
    (tmp_path / "pylock").write_text(PYLOCK)
    return tmp_path


def lock(checkout: Path, *variant: str) -> subprocess.CompletedProcess[str]:
    command = ["images/lock.sh", sys.executable, *variant]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_a_lock_of_cpu_wheels_names_their_index_and_its_wheels_can_be_listed(checkout: Path) -> None:
    (checkout / "reachable").touch()
    done = lock(checkout, "cpu")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = checkout / "images/requirements-cpu.lock"
    assert written.read_text() == CHOSEN
    assert (checkout / "images/requirements.lock").read_text() == "of the package index\n"

    listed = subprocess.run(
        [sys.executable, checkout / "images/wheels.py", "list", written, "amd64"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listed.stdout == "".join(line for line in CHOSEN.splitlines(keepends=True) if "# via" not in line)


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(
            "error: Request failed after 3 retries in 4.9s\n"
            "  cause: Failed to fetch: https://wheels.invalid/cpu/torchao/\n"
            "  cause: error sending request for url (https://wheels.invalid/cpu/torchao/)\n"
            "  cause: no such host\n",
            id="as uv 0.13 says it",
        ),
        pytest.param(
            "error: Request failed after 3 retries\n"
            "  Caused by: Failed to fetch: `https://wheels.invalid/cpu/torchao/`\n"
            "  Caused by: no such host\n",
            id="as older versions say it",
        ),
    ],
)
def test_an_index_out_of_reach_is_one_line_and_leaves_no_lock(checkout: Path, refusal: str) -> None:
    (checkout / "refusal").write_text(refusal)
    done = lock(checkout, "cpu")
    assert done.returncode == 1
    assert done.stderr == (
        "TORCH=cpu: https://wheels.invalid/cpu/torchao/ cannot be fetched (no such host); "
        "PyTorch's CPU-only wheels are only on its own index; use a network that reaches it, or leave out TORCH=cpu\n"
    )
    assert not list((checkout / "images").glob("requirements-cpu*"))


def test_what_else_the_resolver_refuses_is_shown_whole_and_leaves_no_lock(checkout: Path) -> None:
    refusal = "  × No solution found when resolving dependencies:\n  ╰─▶ torch==2.14.1 is not in that index\n"
    (checkout / "refusal").write_text(refusal)
    done = lock(checkout, "cpu")
    assert done.returncode == 1
    assert done.stderr == (
        f"{refusal}TORCH=cpu: the packages cannot be resolved with PyTorch's index of CPU-only wheels (above)\n"
    )
    assert not list((checkout / "images").glob("requirements-cpu*"))


def test_another_variant_is_refused(checkout: Path) -> None:
    done = lock(checkout, "rocm")
    assert (done.returncode, done.stderr) == (2, "TORCH=rocm: only TORCH=cpu, or none\n")


def test_packages_that_are_left_out_are_not_written(checkout: Path) -> None:
    (checkout / "reachable").touch()
    assert lock(checkout, "cpu").returncode == 0
    for call in (checkout / "calls").read_text().splitlines():
        assert {f"--no-emit-package={name}" for name in PACKAGES} <= set(call.split())


@pytest.mark.parametrize("target", ["image", "run", "test", "verify-image"])
def test_one_command_makes_the_lock_of_cpu_wheels_first(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--directory", PROJECT, target, "TORCH=cpu"],  # noqa: S607 - the user's make
        capture_output=True,
        text=True,
        check=True,
    )
    scripts = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("images/")]
    assert "requirements-cpu.lock" in done.stdout
    used = next(script for script in scripts if script.startswith(("images/make-", "images/verify")))
    assert scripts.index("images/lock.sh") < scripts.index(used)
