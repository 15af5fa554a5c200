import re
import tarfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench.records.bundle import BundleInfo
from bench.records.case import Case
from bench.records.suite import Suite
from bench.report.suites import MEASURED_S, render_suites
from bench.suites.load import load_suites
from bench.workloads.registry import WORKLOADS
from tests.builders import CASE

REFERENCE = Path("results/reference/20261129T173631Z-02ada243.bench.tar")
SUITES = load_suites(WORKLOADS)
STANDARD = SUITES["standard"]


def render(suite: Suite, cases: int) -> str:
    listed: dict[str, tuple[Case, ...]] = {suite.name: (CASE,) * cases}
    return render_suites([suite], listed, None)


@pytest.mark.parametrize(
    ("suite", "cases", "numbers"),
    [
        (SUITES["quick"], 14, ("14", "14", "4 min 48 s, measured")),
        (SUITES["nightly"], 48, ("48", "48", "58 min 20 s, aim")),
        (STANDARD, 2, ("2", "6", "13 min 55 s, estimated")),
        (replace(SUITES["nightly"], name="mine", layouts=STANDARD.layouts), 48, ("48", "144", ".*, estimated")),
    ],
    ids=["measured", "an aim beyond the minimum", "estimated", "an aim that the minimum does not reach"],
)
def test_each_suite_states_its_cases_and_its_time_and_how_that_is_known(
    suite: Suite, cases: int, numbers: tuple[str, ...]
) -> None:
    row = next(line for line in render(suite, cases).split("\n") if line.startswith(suite.name))
    assert re.search(r"\s+".join(numbers), row)


def test_the_note_says_for_which_cores_the_time_is() -> None:
    assert "for 2 and for 64 cores" in render(STANDARD, 1)
    assert "measured: on 2 cores; for 64 it is not known" in render(STANDARD, 1)


def test_the_measured_time_is_that_of_the_published_bundle() -> None:
    with tarfile.open(REFERENCE) as outer:
        content = outer.extractfile("content.tar")
        assert content is not None
        with tarfile.open(fileobj=BytesIO(content.read())) as inner:
            record = inner.extractfile("bundle.json")
            assert record is not None
            info = msgspec.json.decode(record.read(), type=BundleInfo)
    took = datetime.fromisoformat(info.finished_at) - datetime.fromisoformat(info.started_at)
    assert {"quick": took.total_seconds()} == MEASURED_S
