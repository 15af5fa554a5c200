from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from bench.bundle.calibration import digest_host, write_calibration
from bench.bundle.seal import SigningKey
from bench.bundle.source import digest_source
from bench.errors import BundleError, EnvironmentUnfitError, InterruptedRunError, NotComparableError, OutputError
from bench.records.bundle import Distribution
from bench.records.image import Image
from bench.records.progress import Progress
from bench.run.clock import RunClock
from bench.run.continuity import Software, describe_software
from bench.run.journal import Session, begin_journal
from bench.run.session import resume_run, run_plan
from bench.verification.verify import verify_bundle
from tests.builders import DIGEST
from tests.unit.bundle.test_calibration import CALIBRATION
from tests.unit.run.scripted import Workers, decide

KEY = SigningKey.ephemeral()
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def ignore(_progress: Progress) -> None:
    """ReportProgress nobody."""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Scripted workers whose samples are long over, in place of real ones. They load no library that was compiled."""
    scripted = Workers()
    monkeypatch.setattr("bench.run.session.Workers", lambda **_: scripted)
    monkeypatch.setattr("bench.run.probes.compile_library", lambda *_, **__: None)
    monkeypatch.setattr("bench.bundle.environment.read_cpu_evidence", dict)  # takes seconds, and is evidence only
    return scripted


def test_a_run_leaves_one_bundle_that_verifies_and_nothing_else(tmp_path: Path, workers: Workers) -> None:
    path, summary = run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    assert workers.measured == 4
    assert len(summary.cells) == 2
    assert list(tmp_path.iterdir()) == [path]
    assert verify_bundle(path).contents.summary == summary


def test_a_run_carries_the_calibration_that_lies_beside_it(tmp_path: Path, workers: Workers) -> None:
    decision = decide()
    own = msgspec.structs.replace(CALIBRATION, host_digest=digest_host(decision.machine))
    write_calibration(tmp_path, own)
    path, _ = run_plan(decision, tmp_path, KEY, report_progress=ignore, parent={})
    assert workers.measured == 4
    assert verify_bundle(path).contents.calibration == own


def test_a_calibration_that_cannot_be_read_stops_a_run_before_it_measures(tmp_path: Path, workers: Workers) -> None:
    (tmp_path / "calibration.json").write_text("{}")
    with pytest.raises(BundleError, match=r"calibration\.json \(run bench calibrate again, or remove it\)"):
        run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    assert workers.measured == 0


def test_an_interrupted_run_says_how_to_go_on_and_does(tmp_path: Path, workers: Workers) -> None:
    workers.script.append(KeyboardInterrupt())
    with pytest.raises(InterruptedRunError, match=r"go on with: bench run --resume .*\.run") as caught:
        run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    folder = Path(str(caught.value).rpartition(" ")[2])
    path, summary = resume_run(folder, KEY, report_progress=ignore, parent={})
    assert len(summary.cells) == 2
    assert verify_bundle(path).contents.info.resumed == 1
    assert not folder.exists()


@pytest.mark.parametrize("what", ["CPU", "topology", "program"])
def test_a_run_is_not_taken_up_elsewhere(tmp_path: Path, workers: Workers, what: str) -> None:
    decision = decide()
    machine, source = decision.machine, digest_source()
    if what == "CPU":
        machine = msgspec.structs.replace(machine, cpu=msgspec.structs.replace(machine.cpu, model_name="Other"))
    elif what == "topology":
        machine = msgspec.structs.replace(machine, topology=msgspec.structs.replace(machine.topology, cpu_count=999))
    else:
        source = f"sha256:{'0' * 64}"
    session = Session(
        run_id="20260102T030405Z-0123abcd",
        started_at="2026-01-02T03:04:05Z",
        decision=msgspec.structs.replace(decision, machine=machine),
        source_digest=source,
        software=describe_software(),
    )
    with begin_journal(tmp_path, session) as journal:
        folder = journal.folder
    with pytest.raises(NotComparableError, match=f"began with another {what} "):
        resume_run(folder, KEY, report_progress=ignore, parent={})
    assert workers.measured == 0


def in_an_image(software: Software) -> Software:
    return replace(software, image=Image(inside=True, labels={}))


def in_a_newer_interpreter(software: Software) -> Software:
    return replace(software, interpreter="CPython 3.14.1 (main)")


def without_torch(software: Software) -> Software:
    packages = tuple(package for package in software.distributions if package.name != "torch")
    return replace(software, distributions=packages)


def with_an_altered_torch(software: Software) -> Software:
    def alter(package: Distribution) -> Distribution:
        return replace(package, digest=DIGEST) if package.name == "torch" else package

    return replace(software, distributions=tuple(map(alter, software.distributions)))


OTHER_SOFTWARE = (
    (in_an_image, r"another image \(revision unknown, now none\)"),
    (in_a_newer_interpreter, r"another interpreter \(CPython 3\.14\.1 \(main\), now CPython 3\.\d+"),
    (without_torch, r"another package torch \(not installed, now 2\.\S+, sha256:\w+\)"),
    (with_an_altered_torch, rf"another package torch \(2\.\S+, {DIGEST}, now 2\.\S+, sha256:\w+\)"),
)


@pytest.mark.parametrize(("change", "message"), OTHER_SOFTWARE, ids=[change.__name__ for change, _ in OTHER_SOFTWARE])
def test_a_run_is_resumed_in_the_software_that_it_began_in(
    tmp_path: Path, workers: Workers, change: Callable[[Software], Software], message: str
) -> None:
    session = Session(
        run_id="20260102T030405Z-0123abcd",
        started_at="2026-01-02T03:04:05Z",
        decision=decide(),
        source_digest=digest_source(),
        software=change(describe_software()),
    )
    with begin_journal(tmp_path, session) as journal:
        folder = journal.folder
    with pytest.raises(NotComparableError, match=message) as caught:
        resume_run(folder, KEY, report_progress=ignore, parent={})
    assert (caught.value.exit_code, workers.measured) == (4, 0)


def test_a_run_whose_packages_change_while_it_measures_is_not_sealed(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = describe_software()
    answers = iter((began, with_an_altered_torch(began)))
    monkeypatch.setattr("bench.run.session.describe_software", lambda: next(answers))
    with pytest.raises(NotComparableError, match="began with another package torch"):
        run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    assert workers.measured > 0
    assert not list(tmp_path.glob("*.tar"))


def test_a_run_is_taken_up_where_only_memory_was_added(tmp_path: Path, workers: Workers) -> None:
    decision = decide()
    topology = decision.machine.topology
    nodes = tuple(msgspec.structs.replace(node, memory_bytes=1) for node in topology.nodes)
    machine = msgspec.structs.replace(decision.machine, topology=msgspec.structs.replace(topology, nodes=nodes))
    session = Session(
        run_id="20260102T030405Z-0123abcd",
        started_at="2026-01-02T03:04:05Z",
        decision=msgspec.structs.replace(decision, machine=machine),
        source_digest=digest_source(),
        software=describe_software(),
    )
    with begin_journal(tmp_path, session) as journal:
        folder = journal.folder
    resume_run(folder, KEY, report_progress=ignore, parent={})
    assert workers.measured > 0


def test_a_folder_that_cannot_take_results_stops_before_measuring(tmp_path: Path, workers: Workers) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_plan(decide(), tmp_path / "file", KEY, report_progress=ignore, parent={})
    assert workers.measured == 0


def test_a_note_goes_into_the_bundle_also_by_way_of_an_interruption(tmp_path: Path, workers: Workers) -> None:
    workers.script.append(KeyboardInterrupt())
    with pytest.raises(InterruptedRunError) as caught:
        run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={}, note="before the upgrade")
    path, _ = resume_run(Path(str(caught.value).rpartition(" ")[2]), KEY, report_progress=ignore, parent={})
    assert verify_bundle(path).contents.info.note == "before the upgrade"


def test_a_key_that_is_lost_meanwhile_does_not_lose_the_run(tmp_path: Path, workers: Workers) -> None:
    class Lost:
        def public_key(self) -> Ed25519PublicKey:
            return KEY.key.public_key()

        def sign(self, _data: bytes) -> bytes:
            raise EnvironmentUnfitError("no ssh-agent answers")

    with pytest.raises(EnvironmentUnfitError, match="no ssh-agent answers; what was measured is kept") as caught:
        run_plan(decide(), tmp_path, SigningKey(key=Lost()), report_progress=ignore, parent={})
    measured = workers.measured
    path, _ = resume_run(Path(str(caught.value).rpartition(" ")[2]), KEY, report_progress=ignore, parent={})
    assert workers.measured == measured
    assert verify_bundle(path).contents.summary.cells


def test_a_run_killed_after_its_bundle_was_sealed_is_only_tidied_up(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bench.run.session.rmtree", lambda _folder: None)
        path, summary = run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    [folder] = tmp_path.glob("*.run")
    sealed, measured = path.read_bytes(), workers.measured
    assert resume_run(folder, KEY, report_progress=ignore, parent={}) == (path, summary)
    assert list(tmp_path.iterdir()) == [path]
    assert (path.read_bytes(), workers.measured) == (sealed, measured)


@pytest.mark.parametrize("what", ["broken", "another run's"])
def test_a_bundle_that_is_not_the_runs_is_left_with_its_folder(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bench.run.session.rmtree", lambda _folder: None)
        path, _ = run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    [folder] = tmp_path.glob("*.run")
    if what == "broken":
        path.write_bytes(path.read_bytes()[:-512])
    else:
        other, _ = run_plan(decide(), tmp_path / "other", KEY, report_progress=ignore, parent={})
        path.write_bytes(other.read_bytes())
    with pytest.raises(
        (BundleError, OutputError), match="not verified" if what == "broken" else "is the bundle of another run"
    ):
        resume_run(folder, KEY, report_progress=ignore, parent={})
    assert folder.exists()
    assert workers.measured > 0


@pytest.mark.parametrize("hours", [-1, 1], ids=["back", "forward"])
def test_a_wall_clock_that_is_set_during_a_run_is_recorded_and_refuses_nothing(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    walls = chain([NOON], repeat(NOON + timedelta(hours=hours)))
    clock = partial(RunClock, read_wall=lambda: next(walls), read_elapsed_s=lambda: workers.now_ns / 1e9)
    monkeypatch.setattr("bench.run.session.RunClock", clock)
    path, _ = run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    info = verify_bundle(path).contents.info
    assert info.clock_step_s is not None
    assert info.clock_step_s == pytest.approx(3600 * hours, abs=120)
    assert info.started_at == "2026-01-02T12:00:00Z"


def test_a_bundle_that_does_not_verify_is_taken_away_and_the_journal_kept(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise BundleError("not verified, step 7")

    with monkeypatch.context() as patch:
        patch.setattr("bench.run.session.verify_bundle", refuse)
        with pytest.raises(BundleError, match=r"refused and removed.*what was measured is kept") as caught:
            run_plan(decide(), tmp_path, KEY, report_progress=ignore, parent={})
    assert list(tmp_path.glob("*.bench.tar")) == []
    measured = workers.measured
    path, _ = resume_run(Path(str(caught.value).rpartition(" ")[2]), KEY, report_progress=ignore, parent={})
    assert workers.measured == measured
    assert verify_bundle(path)
