from msgspec.structs import replace

from bench.records.measurement import Failure
from bench.run.scrub import scrub_failures
from tests.builders import make_cell, make_measurement

MEASURED = make_measurement(make_cell())
FAILURE = Failure(
    reason="error",
    values={"exception": "OSError", "text": "on node7 it failed"},
    stderr=("node7.lab.example: out of memory", "node71 is another"),
)
FAILED = replace(MEASURED, stopped="failed", failure=FAILURE)


def test_output_of_failed_workers_does_not_reveal_the_hosts_name() -> None:
    (_, failed) = scrub_failures([MEASURED, FAILED], "node7.lab.example")
    assert failed.failure is not None
    assert failed.failure.values == {"exception": "OSError", "text": "on host it failed"}
    assert failed.failure.stderr == ("host: out of memory", "node71 is another")


def test_all_else_stays() -> None:
    assert scrub_failures([MEASURED, FAILED], "") == (MEASURED, FAILED)
