import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, RUNS_MARGIN_RATIO
from tests.unit.bundle import builder
from tests.unit.bundle.builder import EPHEMERAL
from tests.unit.cli.conftest import Invoke
from tests.unit.compare.qualification.units import edit, make_contents

Write = Callable[..., str]
SLOWER, A_BIT_SLOWER = 0.015, 0.0108
"""Seconds an iteration. The other runs take 0.01."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Seal a run of two cells, of six repetitions each; the folder is below the test's own."""

    def call(run: int, latency_s: float = 0.01, *, folder: str = "results", **changes: object) -> str:
        contents = make_contents(latency_s, run=run)
        for path, value in changes.items():
            contents = edit(contents, path.replace("__", "."), value)
        bundle = tmp_path / folder / f"{contents.info.run_id}.bench.tar"
        bundle.parent.mkdir(exist_ok=True)
        if not bundle.exists():
            write_bundle(bundle, contents, EPHEMERAL)
        return str(bundle)

    return call


def read_scatter(out: str) -> str:
    """Return the second line, from the scatter between runs on."""
    return out.splitlines()[1].partition("scatter between runs ")[2]


def test_runs_that_are_alike_are_equivalent_within_5_percent(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2))
    assert (outcome.status, outcome.err) == (0, "")
    assert "margin 5%, " in outcome.out
    assert outcome.out.count("  equivalent  ") == 2
    assert (RUNS_MARGIN_RATIO, INTERLEAVED_MARGIN_RATIO) == (0.05, 0.02)


def test_a_slower_run_is_a_regression_with_status_1(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2, SLOWER))
    assert outcome.status == 1
    assert outcome.out.endswith("regression: at least one cell is slower (exit status 1)\n")


def test_a_faster_run_is_status_0(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1, SLOWER), write(2))
    assert outcome.status == 0
    assert outcome.out.count("  faster  ") == 2


def test_a_narrow_margin_is_undecided_with_status_3(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2), "--margin", "1%")
    assert outcome.status == 3
    assert "neither a difference nor equivalence within 1% is shown" in outcome.out


def test_too_few_repetitions_are_undecided_with_status_3(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = []
    for run in (1, 2):
        monkeypatch.setattr(builder, "LATENCIES", tuple(value + run * 1e-9 for value in builder.LATENCIES))
        contents = builder.make_contents()
        first, second, failed = contents.plan.cells
        cells = first, second, replace(failed, case=replace(failed.case, shape={"image_size": 96}))
        info = replace(contents.info, run_id=f"20260102T030405Z-{run:08x}")
        plan = replace(contents.plan, cells=cells)
        bundles.append(str(tmp_path / f"{run}.bench.tar"))
        write_bundle(Path(bundles[-1]), replace(contents, info=info, plan=plan), EPHEMERAL)
    outcome = invoke("compare", *bundles)
    assert "2 and 2 valid repetitions of a run are too few: a verdict takes 5 of each run" in outcome.out


def test_runs_of_two_kinds_of_cpu_are_not_comparable_with_status_4(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2, machine__cpu__model_name="Other CPU"))
    assert outcome.status == 4
    assert "refuse: machine.cpu.model_name: Test CPU → Other CPU (" in outcome.out


def test_json_is_the_record_with_the_same_status(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(2, SLOWER), "--json")
    assert outcome.status == 1
    comparison = json.loads(outcome.out)
    assert comparison["outcome"] == "regression"
    assert comparison["base"] == ["20260102T030405Z-00000001"]
    assert comparison["run_scatter"]["source"]["code"] == "scatter_assumed"


def test_several_bundles_a_side_show_what_one_cannot(write: Write, invoke: Invoke) -> None:
    base, new = [write(run) for run in range(1, 5)], [write(run, A_BIT_SLOWER) for run in range(5, 9)]
    alone = invoke("compare", base[0], new[0], "--history", "nowhere")
    assert alone.status == 3
    together = invoke("compare", *base, "--", *new, "--history", "nowhere")
    assert (together.status, together.err) == (1, "")
    assert "8 compared here" in read_scatter(together.out)
    assert "  24/24" in together.out


def test_earlier_bundles_in_the_folder_of_new_are_learned_from(write: Write, invoke: Invoke) -> None:
    for run in range(3, 8):
        write(run)
    write(8, machine__cpu__stepping=9)
    base, new = write(1, folder="elsewhere"), write(2)
    outcome = invoke("compare", base, new, "--margin", "3%")
    assert outcome.status == 0
    assert "(5 earlier, 0 of its calibration, 0 compared here)" in read_scatter(outcome.out)


def test_history_names_another_folder(write: Write, invoke: Invoke, tmp_path: Path) -> None:
    for run in range(3, 8):
        write(run, folder="archive")
    base, new = write(1), write(2)
    assert read_scatter(invoke("compare", base, new).out).startswith("2.00%, assumed")
    outcome = invoke("compare", base, new, "--history", str(tmp_path / "archive"))
    assert "(5 earlier, " in read_scatter(outcome.out)


def test_a_bundle_of_the_history_that_does_not_verify_is_not_used(write: Write, invoke: Invoke) -> None:
    paths = [Path(write(run)) for run in range(3, 8)]
    alter(paths[0])
    outcome = invoke("compare", write(1), write(2))
    assert (outcome.status, outcome.err) == (0, "")
    assert "(4 earlier, " in read_scatter(outcome.out)


def test_a_run_is_not_compared_with_itself(write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", write(1), write(1))
    assert (outcome.status, outcome.out) == (2, "")
    assert "run 20260102T030405Z-00000001 is given twice; compare different runs" in outcome.err


@pytest.mark.parametrize("count", [1, 3])
def test_without_a_separator_there_are_two_bundles(count: int, write: Write, invoke: Invoke) -> None:
    outcome = invoke("compare", *(write(run) for run in range(count)))
    assert (outcome.status, outcome.out) == (2, "")
    assert ", and no --: give BASE and NEW, or put -- between the bundles of the two sides\n" in outcome.err


@pytest.mark.parametrize("shape", ["-- x", "x --", "x -- x -- x"], ids=["none before", "none after", "three sides"])
def test_a_separator_has_bundles_on_both_sides(shape: str, write: Write, invoke: Invoke) -> None:
    arguments = [argument if argument == "--" else write(run) for run, argument in enumerate(shape.split())]
    outcome = invoke("compare", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == (
        "bench: -- separates two sides: give one or more bundles before it, and one or more after it\n"
    )


def test_an_altered_bundle_is_status_6(write: Write, invoke: Invoke) -> None:
    base, new = write(1), write(2)
    alter(Path(new))
    assert invoke("compare", base, new).status == 6


def test_a_bundle_that_is_not_there_is_status_2(write: Write, invoke: Invoke) -> None:
    assert invoke("compare", write(1), "nowhere.bench.tar").status == 2


def alter(path: Path) -> None:
    """Change a digit of a measured time."""
    data = bytearray(path.read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    path.write_bytes(data)
