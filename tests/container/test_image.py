"""The image itself: its user, how it describes itself, and that its packages work in it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from bench.bundle.source import PROJECT, digest_source
from tests.container.engine import PYTHON, Engine

pytestmark = pytest.mark.docker

LOAD_ALL = """
import torch, torch_geometric, torchvision, transformers

print(torch.__version__)
"""
COMPILE = """
import torch

compiled = torch.compile(lambda x: (x.sin() + x.cos()).sum())
print(round(float(compiled(torch.zeros(8)))))
"""
PUBLISH = """
import sys
from pathlib import Path

sys.path.insert(0, "images")
from describe import describe_software

sys.stdout.buffer.write(describe_software(Path("build/image") / sys.argv[1], sys.argv[1]))
"""
SEAL = """
import sys
from pathlib import Path
from bench.bundle.environment import describe_environment
from bench.bundle.inventory import read_inventory
from bench.bundle.sbom import render_sbom

inventory = read_inventory(image_root=Path("/"))
sys.stdout.buffer.write(render_sbom(describe_environment(cpu_evidence=dict), inventory))
"""
ONLY_RESULTS_WRITABLE = {"TMPDIR": "/results", "TORCHINDUCTOR_CACHE_DIR": "/results/cache"}


def test_help_starts_on_a_read_only_root_without_a_network(engine: Engine) -> None:
    finished = engine.run("--help")

    assert finished.status == 0
    assert finished.stdout.startswith("Usage: bench")
    assert not finished.stderr


def test_runs_as_a_user_that_is_not_root(engine: Engine) -> None:
    assert engine.run("import os; print(os.getuid(), os.getgid())", entrypoint=PYTHON).stdout == "10001 10001\n"


def test_declares_no_volume_so_that_a_forgotten_one_is_noticed(engine: Engine) -> None:
    assert not engine.image.attrs["Config"].get("Volumes")


def test_describes_itself_inside_as_its_labels_do(engine: Engine) -> None:
    described = json.loads(engine.run("print(open('/opt/bench/image.json').read())", entrypoint=PYTHON).stdout)

    assert described
    assert described.items() <= engine.image.labels.items()


def test_is_the_image_that_the_builder_printed(engine: Engine) -> None:
    arch = engine.image.attrs["Architecture"]
    printed = (PROJECT / "build/image" / arch / "digests").read_text()
    layers = "".join(f"layer    {digest}\n" for digest in engine.image.attrs["RootFS"]["Layers"])

    assert printed.startswith(f"image    {engine.image.id}\n")
    assert layers in printed


def test_a_bundle_holds_the_bill_of_materials_that_is_published_with_the_image(engine: Engine) -> None:
    published = subprocess.run(
        [sys.executable, "-c", PUBLISH, engine.image.attrs["Architecture"]],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    ).stdout

    sealed = engine.run(SEAL, entrypoint=PYTHON).stdout.encode()

    assert sealed == published
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(published.decode()) is None
    parts = json.loads(published)["components"]
    kinds = {kind: [part for part in parts if part["purl"].startswith(f"pkg:{kind}/")] for kind in ("deb", "pypi")}
    assert {part["name"] for part in kinds["deb"]} >= {"g++", "libc6", "python3.11"}
    assert {part["name"] for part in kinds["pypi"]} >= {"torch", "msgspec"}
    assert [part["purl"] for part in parts if "hashes" not in part] == []


def test_holds_the_lock_that_it_names(engine: Engine) -> None:
    program = "print(open('/opt/bench/images/requirements.lock').read(), end='')"
    held = engine.run(program, entrypoint=PYTHON).stdout

    assert engine.image.labels["bench.lock.digest"] == f"sha256:{hashlib.sha256(held.encode()).hexdigest()}"


def test_holds_the_source_of_this_checkout(engine: Engine) -> None:
    program = "from bench.bundle.source import digest_source; print(digest_source())"

    assert engine.run(program, entrypoint=PYTHON).stdout.strip() == digest_source()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "output"),
    [(LOAD_ALL, "2.14.1"), (COMPILE, "8\n")],
    ids=["all heavy packages load", "Inductor compiles and loads what it compiled"],
)
def test_works_with_nothing_writable_but_the_results(engine: Engine, results: Path, program: str, output: str) -> None:
    finished = engine.run(
        program, entrypoint=PYTHON, results=results, user="4711:4711", environment=ONLY_RESULTS_WRITABLE
    )

    assert finished.status == 0, finished.stderr
    assert finished.stdout.startswith(output)


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONWARNINGS"])
def test_no_variable_decides_what_the_image_imports(engine: Engine, results: Path, variable: str) -> None:
    for name in ("msgspec", "click", "sitecustomize", "statistics", "encodings"):
        (results / f"{name}.py").write_text(f"raise SystemExit('{name} of {variable} was imported')\n")

    finished = engine.run("suites", results=results, working_dir="/results", environment={variable: "/results"})

    assert (finished.status, finished.stderr) == (0, "")
    assert "smoke" in finished.stdout
