"""Models of a checkout, named and hashed without running them."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.records.source import LocatedSource
from bench.workloads.sources.registry import find_kind, parse_word
from bench.workloads.sources.torchbench.checkout import expand_models, require_unchanged

STAND_IN = Path(__file__).parents[4] / "data/torchbench"


def test_a_pattern_stands_for_the_models_that_it_matches() -> None:
    words = expand_models(["resnet50", "torchbench/tiny_*"], STAND_IN)
    assert words == (
        "resnet50",
        f"{STAND_IN}/torchbenchmark/models/Tiny_dict",
        f"{STAND_IN}/torchbenchmark/models/tiny_mlp",
    )


@pytest.mark.parametrize(
    ("words", "checkout", "message"),
    [
        pytest.param(
            ["torchbench/alexnet"], None, "name a checkout of pytorch/benchmark with --torchbench DIR", id="no checkout"
        ),
        pytest.param(["resnet50"], STAND_IN, "name its models with --workload 'torchbench/\\*'", id="no pattern"),
        pytest.param(["torchbench/alexnet"], STAND_IN, "no model of .* matches 'alexnet'", id="no such model"),
    ],
)
def test_a_checkout_and_its_models_go_together(words: list[str], checkout: Path | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        expand_models(words, checkout)


def test_the_digest_is_that_of_a_listing_that_anyone_can_make(locate: Callable[[str], LocatedSource]) -> None:
    files = [
        "torchbenchmark/__init__.py",
        "torchbenchmark/models/__init__.py",
        "torchbenchmark/models/tiny_mlp/__init__.py",
        "torchbenchmark/models/tiny_mlp/metadata.yaml",
        "torchbenchmark/util/__init__.py",
        "torchbenchmark/util/env_check.py",
        "torchbenchmark/util/model.py",
    ]
    lines = "".join(f"{hashlib.sha256((STAND_IN / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    source = locate("tiny_mlp").source
    assert source.digest == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    assert source.size_bytes == sum((STAND_IN / name).stat().st_size for name in files)


def test_only_the_model_and_the_loader_change_the_digest(tmp_path: Path) -> None:
    checkout = tmp_path / "tb"
    shutil.copytree(STAND_IN, checkout)
    word = parse_word(f"{checkout}/torchbenchmark/models/tiny_mlp")
    assert word is not None
    before = word.kind.load_locate()(word).source.digest
    compiled = checkout / "torchbenchmark/util/__pycache__"
    compiled.mkdir(exist_ok=True)
    (compiled / "model.cpython-311.pyc").write_bytes(b"compiled")
    (checkout / "torchbenchmark/models/draws/__init__.py").write_text("")
    assert word.kind.load_locate()(word).source.digest == before
    (checkout / "torchbenchmark/util/model.py").write_text("")
    assert word.kind.load_locate()(word).source.digest != before


def test_code_that_was_changed_since_it_was_hashed_is_refused(tmp_path: Path) -> None:
    checkout = tmp_path / "tb"
    shutil.copytree(STAND_IN, checkout)
    word = parse_word(f"{checkout}/torchbenchmark/models/tiny_mlp")
    assert word is not None
    located = word.kind.load_locate()(word)
    require_unchanged(located)
    (checkout / "torchbenchmark/util/late.py").write_text("")
    with pytest.raises(
        UsageError, match=r"TorchBench's tiny_mlp was changed: it is sha256:.*, the run began with sha256:"
    ):
        require_unchanged(located)


def test_a_model_may_load_its_own_code_and_the_loaders_and_no_other_models(
    locate: Callable[[str], LocatedSource],
) -> None:
    located = locate("tiny_mlp")
    files = find_kind(located.source.kind).find_code(located)
    assert STAND_IN / "torchbenchmark/models/tiny_mlp/__init__.py" in files
    assert STAND_IN / "torchbenchmark/util/model.py" in files
    assert not [file for file in files if "draws" in file.parts]


def test_a_model_that_a_checkout_lacks_is_refused(locate: Callable[[str], LocatedSource]) -> None:
    with pytest.raises(UsageError, match="has no model alexnet; `bench workloads --torchbench"):
        locate("alexnet")
