from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.calibration import check_calibration, digest_host, find_calibration, write_calibration
from bench.bundle.write import write_bundle
from bench.errors import BundleError
from bench.records.calibration import Calibration
from bench.verification.verify import verify_bundle
from tests.builders import DIGEST, make_machine
from tests.unit.bundle.builder import CELL_CALIBRATION, EPHEMERAL, NOW, make_contents

MACHINE = make_machine()
CALIBRATION = Calibration(
    host_digest=digest_host(MACHINE),
    measured_at="2026-01-02T03:04:05Z",
    runs=("20260102T030405Z-00000001", "20260102T030405Z-00000002"),
    run_scatter_ratio=0.004,
    degrees_of_freedom=1.0,
    cells=(CELL_CALIBRATION,),
)


def test_what_is_written_is_found_again_on_this_host(tmp_path: Path) -> None:
    assert find_calibration(tmp_path, MACHINE, before=NOW) is None
    write_calibration(tmp_path, replace(CALIBRATION, run_scatter_ratio=0.1))
    assert write_calibration(tmp_path, CALIBRATION) == tmp_path / "calibration.json"
    assert find_calibration(tmp_path, MACHINE, before=NOW) == CALIBRATION
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]


def test_another_hosts_calibration_is_left_alone(tmp_path: Path) -> None:
    write_calibration(tmp_path, CALIBRATION)
    assert find_calibration(tmp_path, make_machine(cpus=4), before=NOW) is None


def test_the_host_is_identified_by_cpu_and_topology_and_not_by_name() -> None:
    assert digest_host(replace(MACHINE, host_name="another")) == digest_host(MACHINE)
    nodes = tuple(replace(node, memory_bytes=1) for node in MACHINE.topology.nodes)
    grown = replace(MACHINE, topology=replace(MACHINE.topology, nodes=nodes))
    assert digest_host(grown) == digest_host(MACHINE)
    assert digest_host(make_machine(cpus=4)) != digest_host(MACHINE)


@pytest.mark.parametrize("text", ["", "{}", '{"host_digest": 1}'], ids=["empty", "no fields", "wrong type"])
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(BundleError, match="run bench calibrate again, or remove it"):
        find_calibration(tmp_path, MACHINE, before=NOW)


def test_a_bundle_carries_it_and_one_of_another_host_is_refused(tmp_path: Path) -> None:
    contents = make_contents()
    own = replace(CALIBRATION, host_digest=digest_host(contents.machine))
    write_bundle(tmp_path / "own.bench.tar", replace(contents, calibration=own), EPHEMERAL)
    assert verify_bundle(tmp_path / "own.bench.tar").contents.calibration == own
    foreign = replace(CALIBRATION, host_digest=DIGEST)
    write_bundle(tmp_path / "foreign.bench.tar", replace(contents, calibration=foreign), EPHEMERAL)
    with pytest.raises(BundleError, match=r"calibration\.json is of another host than machine\.json"):
        verify_bundle(tmp_path / "foreign.bench.tar")


def test_a_calibration_from_a_clock_that_was_set_back_is_left_alone(tmp_path: Path) -> None:
    write_calibration(tmp_path, replace(CALIBRATION, measured_at="2026-06-01T00:00:01Z"))
    assert find_calibration(tmp_path, MACHINE, before=NOW) is None


def test_a_calibration_of_a_host_that_measures_nothing_is_left_alone(tmp_path: Path) -> None:
    write_calibration(tmp_path, replace(CALIBRATION, run_scatter_ratio=1.5))
    assert find_calibration(tmp_path, MACHINE, before=NOW) is None


def test_a_resumed_run_may_find_a_calibration_that_was_made_meanwhile() -> None:
    contents = make_contents()
    later = replace(CALIBRATION, measured_at=contents.info.finished_at)
    check_calibration(replace(contents, calibration=later, info=replace(contents.info, resumed=1)))
    with pytest.raises(BundleError, match="after the run began at"):
        check_calibration(replace(contents, calibration=later))
