"""Words of --workload: which name a source, and what of it."""

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.workloads.registry import WORKLOADS
from bench.workloads.sources.registry import KINDS, find_kind, parse_word


@pytest.mark.parametrize(
    ("word", "kind", "path", "select"),
    [
        ("./my_models.py", "file", "my_models.py", ""),
        ("my_models.py", "file", "my_models.py", ""),
        ("/srv/my models.py:mlp", "file", "/srv/my models.py", "mlp"),
        ("hf:/srv/bert", "hf", "/srv/bert", ""),
        ("hf:bert", "hf", "bert", ""),
    ],
)
def test_a_word_names_a_source(word: str, kind: str, path: str, select: str) -> None:
    found = parse_word(word)
    assert found is not None
    assert (found.kind.name, found.path, found.select) == (kind, Path(path), select)


def test_a_word_names_the_same_source_at_another_path() -> None:
    found = parse_word("./my_models.py:mlp")
    assert found is not None
    assert found.at(Path("/mnt/my_models.py")) == "/mnt/my_models.py:mlp"


@pytest.mark.parametrize("word", [*WORKLOADS, "llama*", "*"])
def test_names_and_patterns_of_the_catalogue_are_no_sources(word: str) -> None:
    assert parse_word(word) is None


@pytest.mark.parametrize("word", ["./models", "models/bert", "file:bert"])
def test_what_can_only_be_a_path_and_has_no_form_is_refused_with_the_forms(word: str) -> None:
    with pytest.raises(UsageError, match=rf"--workload {word}: .*FILE\.py\[:NAME\], hf:FOLDER"):
        parse_word(word)


def test_no_workload_of_the_catalogue_can_be_taken_for_one_of_a_source() -> None:
    assert not any("." in name for name in WORKLOADS)
    assert not KINDS.keys() & WORKLOADS.keys()


def test_a_kind_of_a_newer_bench_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of source 'tensorrt'; known are file, hf"):
        find_kind("tensorrt")
