"""Bundles that were kept of every schema: their bytes never change, they verify, and show the same numbers."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from bench.records.bundle import Schema
from tests.bundles.make import SUMS, main
from tests.conftest import DATA
from tests.unit.cli.conftest import Invoke, invoke

__all__ = ["invoke"]

KEPT = DATA / "bundles"
BUNDLES = sorted(KEPT.glob("*/*.bench.tar"))
STATEMENTS = sorted(KEPT.glob("*/*.dsse.json"))
FOLDERS = sorted(path.parent for path in KEPT.glob(f"*/{SUMS}"))

Golden = Callable[[str, str], None]


def name_of(path: Path) -> str:
    return str(path.relative_to(KEPT))


@pytest.mark.parametrize("path", BUNDLES, ids=name_of)
def test_a_kept_bundle_verifies_and_shows_the_same_numbers(path: Path, invoke: Invoke, check_golden: Golden) -> None:
    assert invoke("verify", str(path)).status == 0
    shown = [invoke("show", str(path), *options).out for options in ((), ("--evidence",), ("--effective",))]
    text = name_of(path).removesuffix(".bench.tar")
    check_golden(f"bundles/{text}.txt", "\n".join(shown).replace(str(path), path.name))


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_a_kept_statement_verifies_and_shows_the_same_verdict(path: Path, invoke: Invoke, check_golden: Golden) -> None:
    outcome = invoke("verify", str(path))
    assert outcome.status == 0
    check_golden(f"bundles/{name_of(path).removesuffix('.dsse.json')}.txt", outcome.out.replace(str(path), path.name))


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_no_byte_of_a_kept_file_has_changed_and_none_is_missing(folder: Path) -> None:
    lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {path.name: path for path in folder.iterdir() if path.suffix != ".txt" and path.name != SUMS}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == stated


def test_every_schema_has_kept_bundles() -> None:
    numbers = {schema.rpartition("/")[2] for schema in get_args(Schema)}
    assert {folder.name for folder in FOLDERS} == numbers


def test_kept_bundles_are_never_made_again(tmp_path: Path) -> None:
    (tmp_path / SUMS).touch()
    with pytest.raises(SystemExit, match="bytes never change"):
        main(tmp_path)
