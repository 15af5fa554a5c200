"""The order in which files are named, and the order of hashes, decide nothing: equal questions give equal bytes."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from tests.integration.tiny import bench
from tests.unit.bundle.builder import OPERATOR
from tests.unit.compare.qualification.units import make_contents

pytestmark = pytest.mark.slow

SEEDS = range(10)

POLICY = """
name = "mine"
summary = "as fast as good units"
[rules.latency]
check = "performance.latency_s"
tolerance = { coverage = 0.99, confidence = 0.95, references_min = 3 }
[rules.runs]
check = "stability.runs"
at_least = 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    for run, latency in enumerate((0.0100, 0.0101, 0.0099, 0.0102, 0.0098, 0.0103)):
        write_bundle(folder / f"{run}.bench.tar", make_contents(latency, run=run), OPERATOR)
    (folder / "copy.bench.tar").write_bytes((folder / "3.bench.tar").read_bytes())
    (folder / "mine.toml").write_text(POLICY, encoding="utf-8")
    return folder


def ask(seed: int, folder: Path, *arguments: str) -> str:
    """What is printed as JSON, but for the time of a verdict."""
    done = bench(*arguments, "--json", cwd=folder, variables={"PYTHONHASHSEED": str(seed)})
    assert done.returncode in {0, 1, 3, 4}, done.stderr
    return re.sub(r'"judged_at": "[^"]*"', "", done.stdout)


def shuffle(seed: int, names: Sequence[str]) -> list[str]:
    return random.Random(seed).sample([f"{name}.bench.tar" for name in names], len(names))  # noqa: S311 - an order, no secret


def test_verify_compare_and_qualify_answer_alike_in_every_order(folder: Path) -> None:
    answers: dict[str, set[str]] = {"verify": set(), "compare": set(), "qualify": set()}
    for seed in SEEDS:
        answers["verify"].add(ask(seed, folder, "verify", *shuffle(seed, "012345")))
        sides = (*shuffle(seed, "012"), "--", *shuffle(seed, "345"))
        answers["compare"].add(ask(seed, folder, "compare", *sides))
        references = [word for name in shuffle(seed, ["2", "3", "4", "5", "copy"]) for word in ("--reference", name)]
        options = ("--policy", "mine.toml", "--output", str(folder / "out"))
        answers["qualify"].add(ask(seed, folder, "qualify", *shuffle(seed, "01"), *references, *options))
    assert {command: len(found) for command, found in answers.items()} == {"verify": 1, "compare": 1, "qualify": 1}
    (qualified,) = answers["qualify"]
    assert qualified.count('"references": "4"') == 4
