"""`kill -9` in the middle of a real run, again and again: nothing is lost, nothing is counted twice."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import pytest

from bench.verification.verify import verify_bundle
from tests.integration.tiny import LONGEST_S, expect_no_orphans, read_journals, start, wait_for, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]

KILLS = 4
REPETITIONS = 6
"""Of each of two cells: more than four sessions make, each killed before its third repetition, on any machine."""

Made = tuple[str, int, int]
"""Identifies a repetition: cell, place in the run, and the first sample's start."""


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Starts a run, or goes on with the one that is there; none outlives its test."""
    with ExitStack() as started:

        def begin_run(output: Path, *arguments: str) -> subprocess.Popen[str]:
            folders = list(output.glob("*.run"))
            options = ("--resume", str(folders[0])) if folders else ("--output", str(output), *arguments)
            run = started.enter_context(start("run", *options))
            started.callback(run.kill)
            return run

        yield begin_run


def read_whole_lines(output: Path) -> list[bytes]:
    """The journal's lines that were finished."""
    data = read_journals(output)
    return data[: data.rfind(b"\n") + 1].splitlines()


def list_made(lines: list[bytes]) -> list[Made]:
    """The repetitions in a journal."""
    entries = [entry for entry in map(json.loads, lines) if entry["type"] == "repetition"]
    return [
        (
            entry["cell"],
            entry["repetition"]["sequence"],
            entry["repetition"]["instances"][0]["samples"][0]["start_ns"],
        )
        for entry in entries
    ]


def wait_for_repetitions(run: subprocess.Popen[str], output: Path, count: int) -> float:
    """Wait until so many are in the journal, and return the seconds that it took."""
    return wait_for(run, lambda: len(list_made(read_whole_lines(output))) >= count)


def test_kills_at_random_moments_lose_nothing_and_count_nothing_twice(begin: Begin, tmp_path: Path) -> None:
    moments = random.Random(20261125)  # noqa: S311 - moments, not secrets
    suite, output = write_suite(tmp_path, repetitions=(REPETITIONS, 2 * REPETITIONS)), tmp_path / "out"
    before: list[bytes] = []
    run = begin(output, "--suite", suite)
    to_first_s, to_second_s = wait_for_repetitions(run, output, 1), wait_for_repetitions(run, output, 2)
    for number in range(KILLS):
        # In the start, the probe or the first repetition, or else in the second: as far as this machine is quick.
        moment = moments.uniform(0, 2)
        if number:
            run = begin(output, "--suite", suite)
            if moment > 1:
                wait_for_repetitions(run, output, len(list_made(before)) + 1)
        time.sleep(moment * to_first_s if moment < 1 else (moment - 1) * to_second_s)
        assert run.poll() is None, f"the run was over before kill {number + 1}: {run.communicate()}"
        run.kill()
        run.communicate(timeout=LONGEST_S)
        lines = read_whole_lines(output)
        assert lines[: len(before)] == before, "what was on disk before is not there now"
        print(f"kill {number + 1} at {moment:.2f}: {len(lines)} entries, {len(list_made(lines))} repetitions")
        before = lines
    run = begin(output, "--suite", suite)
    out, err = run.communicate(timeout=LONGEST_S)
    assert run.returncode == 0, err
    (bundle,) = output.iterdir()
    contents = verify_bundle(bundle).contents
    completed = [
        (measurement.cell, repetition.sequence, repetition.instances[0].samples[0].start_ns)
        for measurement in contents.measurements
        for repetition in measurement.repetitions
    ]
    print(f"resumed {contents.info.resumed} times; {len(completed)} repetitions and {len(contents.probes)} probes")
    assert contents.info.resumed > 0
    assert list_made(before), "no repetition was made before the last kill"
    assert set(list_made(before)) <= set(completed)
    assert len(set(completed)) == len({start for *_, start in completed}) == len(completed)
    places = chain((place for _, place, _ in completed), (probe.sequence for probe in contents.probes))
    assert sorted(places) == list(range(len(completed) + len(contents.probes)))
    for measurement in contents.measurements:
        used = sum(not repetition.invalid for repetition in measurement.repetitions)
        # On a host that never calms, void ones are made again until the plan ends it.
        assert used >= REPETITIONS or len(measurement.repetitions) == contents.plan.policy.attempts_max
    assert f"bundle: {bundle}" in out
    expect_no_orphans()
