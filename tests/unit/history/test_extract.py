import json
from math import log
from pathlib import Path
from statistics import fmean

import pytest
from msgspec.structs import replace

from bench.compare.evidence import read_values
from bench.history.extract import digest_file, extract, find_key, is_settled, read_run
from bench.records.variant import VARIANTS, Variant
from tests.unit.compare.qualification.units import edit
from tests.unit.history.histories import keep, make_run

RUN = make_run(1)


def test_a_cell_has_the_mean_of_its_valid_repetitions_and_the_interval_of_its_summary() -> None:
    run = extract(RUN)
    assert [cell.repetitions for cell in run.cells] == [6, 6]
    seconds = read_values(RUN.measurements[0], RUN.plan.cells[0]).values()
    assert run.cells[0].mean == pytest.approx(fmean(map(log, seconds)))
    assert run.cells[0].latency_s[0] == RUN.summary.cells[0].latency_s.point
    assert run.cells[0].variance > 0


def test_facts_are_those_that_rules_of_comparability_look_at() -> None:
    run = extract(RUN)
    facts = json.loads(run.facts)
    assert facts["machine.cpu.model_name"] == "Test CPU"
    assert facts["environment.distributions.torch"] == "2.14.1"
    assert json.loads(run.cells[0].facts)["threads"] == "2"
    assert "machine.host_name" not in facts


def test_a_private_field_that_was_taken_out_is_no_fact() -> None:
    hidden = replace(RUN, hidden=("firmware.product_name",))
    assert json.loads(extract(RUN).facts).keys() - json.loads(extract(hidden).facts).keys() == {
        "machine.firmware.product_name"
    }


def test_interleaved_and_emulated_runs_take_no_part() -> None:
    variants = tuple(Variant(name=name, options=(), variables={}, argv=RUN.plan.argv) for name in VARIANTS)
    interleaved = extract(edit(RUN, "plan.variants", variants))
    assert (interleaved.use, interleaved.cells) == ("interleaved", ())
    emulated = extract(edit(RUN, "machine.cpu.emulated", value=True))
    assert (emulated.use, emulated.cells) == ("emulated_architecture", ())


def test_a_run_whose_repetitions_are_all_void_takes_no_part() -> None:
    noisy = tuple(
        replace(
            measurement,
            repetitions=tuple(replace(repetition, invalid=("steal",)) for repetition in measurement.repetitions),
        )
        for measurement in RUN.measurements
    )
    void = extract(replace(RUN, measurements=noisy))
    assert (void.use, void.cells) == ("no_valid_repetition", ())


def test_samples_tell_runs_apart_and_their_names_do_not() -> None:
    renamed = replace(RUN, info=replace(RUN.info, run_id="20260102T030405Z-ffffffff"))
    assert extract(RUN).samples == extract(renamed).samples != extract(make_run(2)).samples


def test_a_bundle_is_read_once_with_its_digest_and_its_key(tmp_path: Path) -> None:
    path = keep(tmp_path, RUN)
    read = read_run(path)
    assert read.error is None
    assert read.run is not None
    assert (read.run.cells, read.run.samples) == (extract(RUN).cells, extract(RUN).samples)
    assert (read.digest, read.key) == (digest_file(path), find_key(path))


def test_what_does_not_verify_says_why(tmp_path: Path) -> None:
    path = keep(tmp_path, RUN)
    path.write_bytes(path.read_bytes().replace(b"Test CPU", b"Best CPU"))
    read = read_run(path)
    assert read.run is None
    assert "not verified" in (read.error or "")
    missing = read_run(tmp_path / "none")
    assert missing.run is None
    assert digest_file(tmp_path / "none") is find_key(tmp_path / "none") is None


def test_a_file_that_was_changed_a_moment_ago_may_change_unseen(tmp_path: Path) -> None:
    key = find_key(keep(tmp_path, RUN))
    assert key is not None
    assert not is_settled(key, key.changed_ns + 1_000_000_000)
    assert is_settled(key, key.changed_ns + 4_000_000_000)
