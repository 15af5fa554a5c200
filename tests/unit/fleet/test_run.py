"""An engine made up of a script: each look at it is one step."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.bundle.seal import SigningKey
from bench.bundle.write import write_bundle
from bench.errors import InterruptedRunError, OutputError, UsageError
from bench.fleet.engine import Ended, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.run import FleetRun, run_fleet
from bench.fleet.store import read_fleet, write_fleet
from bench.records.fleet import Fleet, FleetNode, FleetOptions
from bench.records.reason import Reason
from bench.verification.verify import verify_bundle
from tests.unit.compare.qualification.units import make_contents

Step = dict[str, Observation | Ended] | Exception
OPTIONS = FleetOptions(engine="slurm", program=("bench",), command=("run",), timeout_s=60)


class ScriptedEngine:
    """Leaves the bundle of run N in the folder of the Nth node, where `bundles` has its name."""

    poll_s = 0.0

    def __init__(self, output: Path, *steps: Step, bundles: Sequence[str] = ("n1", "n2"), refused: str = "") -> None:
        self.output, self.steps, self.bundles, self.refused = output, list(steps), bundles, refused
        self.submitted: list[FleetNode] = []
        self.cancelled: list[str] = []

    def render(self, nodes: Sequence[FleetNode]) -> str:
        raise NotImplementedError(nodes)

    def submit(self, node: FleetNode) -> str:
        assert list(folder_of(self.output, node).iterdir()) == []
        if node.node == self.refused:
            raise SubmissionError("invalid node name")
        self.submitted.append(node)
        return str(len(self.submitted))

    def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        for node in nodes:
            if isinstance(step.get(node.node), Ended) and node.node in self.bundles:
                path = folder_of(self.output, node) / "X.bench.tar"
                write_bundle(path, make_contents(run=int(node.node[1:])), SigningKey.ephemeral())
        return step

    def cancel(self, nodes: Sequence[FleetNode]) -> None:
        self.cancelled += [node.node for node in nodes]


def make_fleet(*nodes: FleetNode) -> Fleet:
    made = nodes or tuple(FleetNode(node=name, state="waiting", attempts=0) for name in ("n1", "n2"))
    return Fleet(submitted_at="2026-01-02T03:04:05Z", options=OPTIONS, nodes=made)


def run(
    tmp_path: Path, engine: ScriptedEngine, fleet: Fleet | None = None, signer: SigningKey | None = None
) -> tuple[Fleet, list[str]]:
    lines: list[str] = []
    done = FleetRun(
        fleet or make_fleet(),
        tmp_path,
        engine,
        signer,
        report=lambda node, ended, total: lines.append(f"{ended}/{total} {node.node} {node.state}"),
        warn=lines.append,
        wait=lambda _: None,
    ).run()
    assert read_fleet(tmp_path) == done
    return done, lines


def states(fleet: Fleet) -> dict[str, tuple[str, str | None]]:
    return {node.node: (node.state, node.reason and node.reason.code) for node in fleet.nodes}


def test_bundles_come_to_one_folder_verified_and_signed_and_each_change_is_reported(tmp_path: Path) -> None:
    key = SigningKey.ephemeral()
    signer = SigningKey(key=key.key)
    engine = ScriptedEngine(
        tmp_path,
        {"n1": Observation("running"), "n2": Observation("waiting")},
        {"n1": Ended(0), "n2": Observation("running")},
        {"n2": Ended(3)},
    )
    done, lines = run(tmp_path, engine, signer=signer)
    assert states(done) == {"n1": ("measured", None), "n2": ("measured", "node_too_noisy")}
    assert lines == [
        "0/2 n1 waiting", "0/2 n2 waiting", "0/2 n1 running", "1/2 n1 measured", "1/2 n2 running", "2/2 n2 measured",
    ]  # fmt: skip
    for node in done.nodes:
        assert node.bundle is not None
        signers = verify_bundle(tmp_path / node.bundle).signers
        assert [found.fingerprint for found in signers][1:] == [signer.fingerprint]
        assert not (folder_of(tmp_path, node) / "X.bench.tar").exists()


def test_a_bundle_that_does_not_verify_stays_in_its_node_s_folder(tmp_path: Path) -> None:
    class Altering(ScriptedEngine):
        def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
            found = super().observe(nodes)
            path = folder_of(tmp_path, nodes[0]) / "X.bench.tar"
            data = bytearray(path.read_bytes())
            data[data.index(b"resnet50")] ^= 1
            path.write_bytes(bytes(data))
            return found

    done, _ = run(tmp_path, Altering(tmp_path, {"n1": Ended(0), "n2": Ended(0)}))
    assert states(done) == {"n1": ("failed", "bundle_not_verified"), "n2": ("measured", None)}
    assert folder_of(tmp_path, done.nodes[0]).joinpath("X.bench.tar").exists()
    assert [path.name for path in tmp_path.glob("*.bench.tar")] == [done.nodes[1].bundle]


def test_a_node_that_hands_over_the_run_of_another_is_refused(tmp_path: Path) -> None:
    engine = ScriptedEngine(tmp_path, {"n1": Ended(0), "n1.other": Ended(0)}, bundles=("n1",))
    nodes = tuple(FleetNode(node=name, state="waiting", attempts=0) for name in ("n1", "n1.other"))
    original = engine.observe

    def observe(found: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        step = original(found)
        data = (folder_of(tmp_path, found[0]) / "X.bench.tar").read_bytes()
        (folder_of(tmp_path, found[1]) / "X.bench.tar").write_bytes(data)
        return step

    engine.observe = observe  # type: ignore[method-assign]
    done, _ = run(tmp_path, engine, make_fleet(*nodes))
    assert states(done) == {"n1": ("measured", None), "n1.other": ("failed", "bundle_not_verified")}
    assert "another node has handed over" in done.nodes[1].reason.values["error"]  # type: ignore[union-attr]


def test_only_what_failed_timed_out_or_was_drained_is_submitted_again(tmp_path: Path) -> None:
    engine = ScriptedEngine(
        tmp_path,
        {
            "n1": Ended(0),
            "n2": Ended(7),
            "n3": Observation("timed_out"),
            "n4": Observation("drained", Reason(code="node_drained", values={"state": "drained", "why": "DIMM"})),
        },
        bundles=("n1",),
        refused="n5",
    )
    nodes = [FleetNode(node=f"n{number}", state="waiting", attempts=0) for number in range(1, 6)]
    first, _ = run(tmp_path, engine, make_fleet(*nodes))
    assert states(first) == {
        "n1": ("measured", None),
        "n2": ("failed", "node_run_failed"),
        "n3": ("timed_out", None),
        "n4": ("drained", "node_drained"),
        "n5": ("failed", "not_submitted"),
    }
    again = ScriptedEngine(
        tmp_path, {f"n{number}": Ended(0) for number in range(2, 6)}, bundles=("n2", "n3", "n4", "n5")
    )
    second, _ = run(tmp_path, again, first)
    assert [(node.node, node.attempts) for node in again.submitted] == [("n2", 2), ("n3", 2), ("n4", 2), ("n5", 2)]
    assert {state for state, _ in states(second).values()} == {"measured"}
    assert second.nodes[0] == first.nodes[0]


def test_a_job_that_outlived_its_submitter_is_waited_for_and_not_submitted_again(tmp_path: Path) -> None:
    node = FleetNode(node="n1", state="running", attempts=1, job="17")
    folder_of(tmp_path, node).mkdir(parents=True)
    engine = ScriptedEngine(tmp_path, {"n1": Ended(0)})
    done, _ = run(tmp_path, engine, make_fleet(node))
    assert (engine.submitted, states(done)) == ([], {"n1": ("measured", None)})
    assert done.nodes[0].job == "17"


def test_a_bundle_whose_submitter_was_killed_before_it_was_recorded_is_collected_again(tmp_path: Path) -> None:
    node = FleetNode(node="n1", state="running", attempts=1, job="17")
    folder_of(tmp_path, node).mkdir(parents=True)
    contents = make_contents(run=1)
    (tmp_path / f"{contents.info.run_id}.bench.tar").write_bytes(b"cut off")
    done, _ = run(tmp_path, ScriptedEngine(tmp_path, {"n1": Ended(0)}), make_fleet(node))
    assert states(done) == {"n1": ("measured", None)}
    verify_bundle(tmp_path / f"{contents.info.run_id}.bench.tar")


def test_an_engine_that_does_not_answer_is_asked_again_and_said_once(tmp_path: Path) -> None:
    silent = EngineSilentError("squeue: no answer")
    engine = ScriptedEngine(tmp_path, silent, silent, {"n1": Ended(0), "n2": Ended(0)})
    done, lines = run(tmp_path, engine)
    assert lines.count("squeue: no answer; it is asked again") == 1
    assert {state for state, _ in states(done).values()} == {"measured"}


def test_an_interrupt_cancels_what_has_not_ended_and_names_the_way_on(tmp_path: Path) -> None:
    engine = ScriptedEngine(tmp_path, {"n1": Ended(0)}, KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(InterruptedRunError, match=f"go on with bench fleet run --retry {tmp_path}"):
        run(tmp_path, engine)
    assert engine.cancelled == ["n2"]
    assert states(read_fleet(tmp_path)) == {"n1": ("measured", None), "n2": ("interrupted", None)}


def test_a_new_run_takes_no_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "X").touch()
    with pytest.raises(UsageError, match="not empty; choose a new folder, or go on with --retry"):
        run_fleet(make_fleet(), tmp_path, ScriptedEngine(tmp_path), None, report=print, warn=print, retry=False)


def test_a_folder_of_an_attempt_that_is_there_already_is_not_used(tmp_path: Path) -> None:
    write_fleet(tmp_path, make_fleet())
    folder_of(tmp_path, FleetNode(node="n1", state="waiting", attempts=1)).mkdir(parents=True)
    with pytest.raises(OutputError, match="File exists"):
        run_fleet(make_fleet(), tmp_path, ScriptedEngine(tmp_path), None, report=print, warn=print, retry=True)
