from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.compare import history
from bench.compare.history import read_history
from bench.records.bundle import Contents, Distribution
from tests.builders import make_machine
from tests.unit.bundle.builder import EPHEMERAL, make_contents

CONTENTS = make_contents()


def name_run(number: int, contents: Contents = CONTENTS) -> Contents:
    return replace(contents, info=replace(contents.info, run_id=f"20260102T030405Z-{number:08x}"))


Seal = Callable[..., Path]


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    """Write a run into the folder."""

    def call(number: int, contents: Contents = CONTENTS) -> Path:
        named = name_run(number, contents)
        path = tmp_path / f"{named.info.run_id}.bench.tar"
        write_bundle(path, named, EPHEMERAL)
        return path

    return call


def read(folder: Path) -> list[str]:
    """Ids of the runs that are found for a comparison of run 0, by their last digit."""
    return [run.run_id[-1] for run in read_history(folder, [name_run(0)])]


def test_earlier_runs_of_the_same_thing_are_found_newest_first(seal: Seal, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        seal(number)
    assert read(tmp_path) == ["3", "2", "1"]


def test_the_runs_that_are_compared_are_not_earlier_ones(seal: Seal, tmp_path: Path) -> None:
    for number in (0, 1):
        seal(number)
    assert read(tmp_path) == ["1"]


def test_a_run_that_lies_there_twice_counts_once(seal: Seal, tmp_path: Path) -> None:
    (tmp_path / "copy.bench.tar").write_bytes(seal(1).read_bytes())
    assert read(tmp_path) == ["1"]


def test_what_does_not_verify_is_skipped(seal: Seal, tmp_path: Path) -> None:
    path = seal(1)
    data = bytearray(path.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    path.write_bytes(data)
    (tmp_path / "empty.bench.tar").write_bytes(b"")
    seal(2)
    assert read(tmp_path) == ["2"]


@pytest.mark.parametrize(
    "other",
    [
        replace(CONTENTS, environment=replace(CONTENTS.environment, source_digest=f"sha256:{'1' * 64}")),
        replace(
            CONTENTS,
            environment=replace(
                CONTENTS.environment, distributions=(Distribution(name="torch", version="2.15.0", digest=None),)
            ),
        ),
        replace(CONTENTS, machine=make_machine(4)),
        replace(CONTENTS, plan=replace(CONTENTS.plan, cells=CONTENTS.plan.cells[:-1])),
    ],
    ids=["bench's source", "packages", "host", "cells"],
)
def test_runs_of_another_thing_have_another_subject(other: Contents) -> None:
    assert history.digest_subject(other) != history.digest_subject(CONTENTS)


def test_only_the_newest_bundles_are_read(seal: Seal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BUNDLES_MAX", 2)
    for number in (1, 2, 3):
        seal(number)
    assert read(tmp_path) == ["3", "2"]


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == []
