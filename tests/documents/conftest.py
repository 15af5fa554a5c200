"""A folder in which everything exists that the documents' commands name."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from bench.cli.sign_options import load_signer
from tests.documents.commands import REPO, read_example
from tests.unit.compare.qualification.units import make_contents

BENCH = Path(sys.executable).with_name("bench")
BUNDLES = (
    *(f"{name}.bench.tar" for name in ("base", "new", "A", "B", "A1", "A2", "A3", "B1", "B2", "B3")),
    *(f"{name}.bench.tar" for name in ("results/X", "unit/one", "archive/one")),
    *(f"good/{number}.bench.tar" for number in range(5)),
    *(f"fleet/{number}.bench.tar" for number in range(5)),
    "again/0.bench.tar",
    *(f"results/nightly/{number}.bench.tar" for number in range(3)),
)
"""Bundles of made-up runs, a run each."""

POLICY = """
name = "acceptance"
summary = "fast enough"
[rules.latency]
check = "performance.latency_s"
at_most = 0.012
"""
KNOWN = """
[[known]]
run = "20260102T030405Z-00000001"
owner = "anna"
reason = "a fix of accuracy"
date = 2026-01-03
"""
DUCKDB = f"""#!{sys.executable}
import sys
import duckdb
assert sys.argv[1] == "-c"
print(duckdb.sql(sys.argv[2]))
"""
"""Stands for DuckDB's own program, which is no Python package: the same statements by its module."""
BERT = """{"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 100, "hidden_size": 32,
"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}"""
KEYS = ("operator", "vendor", "lab", "root")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the files that commands name: bundles, keys, a trust store, a policy, a recorded machine."""
    folder = tmp_path_factory.mktemp("template")
    for name in KEYS:
        run_shell(folder, f"bench keygen {name}.pem --no-passphrase").check_returncode()
    signer = load_signer(folder / "operator.pem", None)
    for run, name in enumerate(BUNDLES, 1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_bundle(folder / name, make_contents(run=run), signer)
    shutil.copytree(REPO / "results/reference", folder / "results/reference")
    shutil.copytree(REPO / "tests/data/torchbench", folder / "benchmark")
    (folder / "acceptance.toml").write_text(POLICY, encoding="utf-8")
    (folder / "known.toml").write_text(KNOWN, encoding="utf-8")
    with tarfile.open(REPO / "tests/data/machines/nto-xeon-6330.tar.gz") as recorded:
        recorded.extractall(folder / "recorded", filter="data")
    (folder / "recorded/root").rename(folder / "recorded/machine")
    (folder / "root").symlink_to("recorded/machine")
    (folder / "bench").symlink_to(REPO / "bench")
    (folder / "my_models.py").write_text(read_example(), encoding="utf-8")
    (folder / "my-bert").mkdir()
    (folder / "my-bert/config.json").write_text(BERT, encoding="utf-8")
    for command in (
        "cp results/X.bench.tar .",
        "bench trust add operator.pem.pub --owner operator --role operator",
        "bench trust add vendor.pem.pub --owner vendor --role vendor",
        "bench qualify unit --policy acceptance.toml --reference good --key lab.pem",
    ):
        run_shell(folder, command).check_returncode()
    for path in (folder / "results").glob("qualification-*"):
        path.rename(path.with_name(re.sub(r"-[^.]*", "-X", path.name, count=1)))
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """Return a copy of the template for one test."""
    return Path(shutil.copytree(template, tmp_path / "work", symlinks=True))


def run_shell(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of bash in a folder, with this bench as `bench`, and without a terminal."""
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "bench").exists():
        (programs / "bench").symlink_to(BENCH)
        duckdb = programs / "duckdb"
        duckdb.write_text(DUCKDB, encoding="utf-8")
        duckdb.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / ".state"),
    }
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
