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
    assert "2 and 2 valid repetitions are too few" in outcome.out


def test_json_is_the_record_with_the_same_status(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2), "--json")
    assert outcome.status == 3
    assert json.loads(outcome.out)["outcome"] == "undecided"


def test_a_run_is_not_compared_with_itself(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(1))
    assert (outcome.status, outcome.out) == (2, "")
    assert "both bundles hold the run 20260102T030405Z-00000001" in outcome.err


def test_an_altered_bundle_is_status_6(write: Write, invoke: Invoke) -> None:
    path = Path(write(2))
    data = bytearray(path.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    path.write_bytes(data)
    assert invoke("compare", write(1), str(path)).status == 6


def test_a_bundle_that_is_not_there_is_status_2(write: Write, invoke: Invoke) -> None:
    assert invoke("compare", write(1), "nowhere.bench.tar").status == 2
