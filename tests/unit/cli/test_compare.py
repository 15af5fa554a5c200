import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.stats.summary import summarize
from tests.unit.bundle.builder import EPHEMERAL, make_contents
from tests.unit.cli.conftest import Invoke

Write = Callable[[int], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Seal a run of two cells, of two repetitions each."""

    def call(run: int) -> str:
        contents = make_contents()
        first, second, _ = contents.plan.cells
        plan = replace(
            contents.plan, cells=(first, replace(second, case=replace(second.case, shape={"image_size": 96})))
        )
        measurements = contents.measurements[:2]
        path = tmp_path / f"{run}.bench.tar"
        sealed = replace(
            contents,
            info=replace(contents.info, run_id=f"20260102T030405Z-{run:08x}"),
            plan=plan,
            measurements=measurements,
            summary=summarize(plan, measurements, contents.probes),
            logs={},
        )
        if not path.exists():
            write_bundle(path, sealed, EPHEMERAL)
        return str(path)

    return call


def test_two_bundles_of_too_few_repetitions_are_undecided(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2), "--margin", "5%")
    assert (outcome.status, outcome.err) == (3, "")
    assert "margin 5%" in outcome.out
    assert "2 and 2 valid repetitions of a run are too few" in outcome.out
    assert "scatter between runs 2.00%, assumed; no other run of this host is known" in outcome.out


def test_json_is_the_record_with_the_same_status(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2), "--json")
    assert outcome.status == 3
    assert json.loads(outcome.out)["outcome"] == "undecided"


def test_a_run_is_not_compared_with_itself(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(1))
    assert (outcome.status, outcome.out) == (2, "")
    assert "run 20260102T030405Z-00000001 is given twice" in outcome.err


def test_earlier_runs_are_those_of_the_folder_of_new(write: Write, invoke: Invoke, tmp_path: Path) -> None:
    for run in (3, 4):
        write(run)
    assert "with 2 earlier runs of this host" in invoke("compare", write(1), write(2)).out
    elsewhere = invoke("compare", write(1), write(2), "--history", str(tmp_path / "nowhere"))
    assert "assumed; no other run of this host is known" in elsewhere.out


def test_several_bundles_a_side_are_separated_by_two_dashes(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", "--json", write(1), write(2), "--", write(3))
    assert outcome.status == 3
    comparison = json.loads(outcome.out)
    assert (comparison["base"], comparison["new"]) == (
        ["20260102T030405Z-00000001", "20260102T030405Z-00000002"],
        ["20260102T030405Z-00000003"],
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "1 bundles: name BASE and NEW"),
        (["a", "b", "c"], "3 bundles: name BASE and NEW, or put -- between the bundles of each side"),
        (["a", "--"], "no bundle after --"),
        (["a", "--", "b", "--json"], "--json after --: options stand before the bundles"),
    ],
    ids=["one bundle", "three bundles", "nothing after the dashes", "an option after the dashes"],
)
def test_sides_that_are_not_clear_are_refused(arguments: list[str], message: str, invoke: Invoke) -> None:
    outcome = invoke("compare", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


def test_an_altered_bundle_is_status_6(write: Write, invoke: Invoke) -> None:
    path = Path(write(2))
    data = bytearray(path.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    path.write_bytes(data)
    assert invoke("compare", write(1), str(path)).status == 6


def test_a_bundle_that_is_not_there_is_status_2(write: Write, invoke: Invoke) -> None:
    assert invoke("compare", write(1), "nowhere.bench.tar").status == 2
