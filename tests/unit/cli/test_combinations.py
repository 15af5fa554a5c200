"""Options that exclude one another, and arguments that are empty: refused before anything is done."""

from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL
from tests.unit.cli.conftest import Invoke


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a bundle in it."""
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path / "x.bench.tar", CONTENTS, EPHEMERAL)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "one", "other"),
    [
        ("run --resume x.run --suite full", "--suite", "--resume x.run"),
        ("run --resume x.run --workload gpt2", "--workload", "--resume x.run"),
        ("run --resume x.run --output elsewhere", "--output", "--resume x.run"),
        ("run --resume x.run --note new --dry-run", "--note", "--resume x.run"),
        ("ab --resume x.run --env-b A=1", "--env-b", "--resume x.run"),
        ("ab --resume x.run --threads 2", "--threads", "--resume x.run"),
        ("reproduce x.bench.tar --resume x.run --note new", "--note", "--resume x.run"),
        ("container run --resume x.run --suite full", "--suite", "--resume x.run"),
        ("run --force --dry-run", "--force", "--profile auto"),
        ("ab --force --env-b A=1 --dry-run", "--force", "--profile auto"),
        ("run --passphrase-file words --suite smoke", "--passphrase-file words", "--key"),
        ("qualify x.bench.tar --policy server-acceptance --passphrase-file words", "--passphrase-file words", "--key"),
        ("sign x.bench.tar --key agent --passphrase-file words", "--passphrase-file words", "--key agent"),
        ("keygen new.pem --no-passphrase --passphrase-file words", "--no-passphrase", "--passphrase-file words"),
        ("verify x.bench.tar --explain --json", "--explain", "--json"),
        ("verify x.dsse.json --cited y.bench.tar", "--cited y.bench.tar", "qualification"),
        ("verify x.bench.tar --trust-key root.pub", "--trust-key", "--trust"),
        ("show x.bench.tar --json --format junit", "--json", "--format junit"),
        ("show x.bench.tar --json --format text", "--json", "--format text"),
        ("compare x.bench.tar y.bench.tar --json --format markdown", "--json", "--format markdown"),
        ("export x.bench.tar --format junit --samples", "--samples", "--format junit"),
        ("export x.bench.tar --format parquet", "--format parquet", "-o FILE"),
        ("profiles --json show xeon-spr", "--json", "profiles show"),
        ("suites --json show quick", "--json", "suites show"),
    ],
)
def test_an_option_that_would_be_dropped_is_refused_beside_the_other(
    arguments: str, one: str, other: str, invoke: Invoke, folder: Path
) -> None:
    outcome = invoke(*arguments.split())
    assert (outcome.status, outcome.out) == (2, ""), outcome.err
    assert outcome.err.count("\n") == 1
    assert one in outcome.err
    assert other in outcome.err
    assert not list(folder.glob("new.pem*"))


@pytest.mark.parametrize(
    "arguments",
    [
        "verify ?",
        "verify x.bench.tar --trust ?",
        "verify x.bench.tar --key ?",
        "verify x.bench.tar --cited ?",
        "show ?",
        "compare ? x.bench.tar",
        "compare x.bench.tar x.bench.tar --history ?",
        "qualify ? --policy server-acceptance",
        "qualify x.bench.tar --policy ?",
        "qualify x.bench.tar --policy server-acceptance --reference ?",
        "qualify x.bench.tar --policy server-acceptance --junit ?",
        "qualify x.bench.tar --policy server-acceptance --output ?",
        "redact ?",
        "redact x.bench.tar --output ?",
        "reproduce ?",
        "sign ? --key k",
        "sign x.bench.tar --key ?",
        "keygen ?",
        "run --output ? --dry-run",
        "run --resume ?",
        "run --suite ? --dry-run",
        "run --profile ? --dry-run",
        "run --key ? --dry-run",
        "run --workload ? --dry-run",
        "calibrate --output ?",
        "detect --root ?",
        "detect --record ?",
        "profiles show ?",
        "profiles check ?",
        "suites show ?",
        "trust list --trust ?",
        "trust add ? --owner x --role operator",
        "ab --profile-b ?",
        "ab --python-b ?",
        "ab --image-b ?",
        "ab --torch-b ?",
        "bisect --versions ? --workload resnet50",
        "bisect --python ? --workload resnet50",
        "container run --image ? --suite smoke",
    ],
)
def test_an_empty_argument_is_wrong_usage(arguments: str, invoke: Invoke, folder: Path) -> None:
    outcome = invoke(*("" if word == "?" else word for word in arguments.split()))
    assert (outcome.status, outcome.out) == (2, ""), outcome.err
    assert outcome.err.count("\n") == 1
    assert [path.name for path in folder.iterdir() if path.name != "state"] == ["x.bench.tar"]
