from pathlib import Path

import pytest

from bench.errors import EnvironmentUnfitError
from bench.fleet.engine import Ended, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.run import FleetRun
from bench.fleet.slurm import SHARED_FILE_S, SlurmEngine
from bench.records.fleet import Fleet, FleetNode, FleetOptions
from bench.records.reason import Reason
from bench.report.fleet import render_change
from tests.unit.fleet.conftest import Answers, read_calls

OPTIONS = FleetOptions(
    engine="slurm",
    program=("/opt/bench",),
    command=("run", "--workload", "*;x"),
    timeout_s=90,
    engine_options=("--partition=cpu",),
)
NODE = FleetNode(node="n1", state="running", attempts=2, job="17")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> SlurmEngine:
    folder_of(tmp_path, NODE).mkdir(parents=True)
    return SlurmEngine(OPTIONS, tmp_path, clock=clock)


@pytest.fixture(autouse=True)
def cancelled(answers: Answers) -> Path:
    """A Slurm that knows no job, without accounts; the file of what was cancelled."""
    answers("squeue")
    answers("sinfo", out="n1|idle|none\n")
    answers("sacct", status=1, err="Slurm accounting storage is disabled\n")
    return answers("scancel")


def test_a_node_gets_an_exclusive_job_bound_to_it(engine: SlurmEngine, answers: Answers, tmp_path: Path) -> None:
    calls = answers("sbatch", out="17\n")
    assert engine.submit(NODE) == "17"
    (words,) = read_calls(calls)
    folder = tmp_path / "nodes/n1/2"
    assert words[0] == "--partition=cpu"
    assert {"--parsable", "--nodelist=n1", "--nodes=1", "--exclusive", "--mem=0", "--time=2", "--no-requeue"} <= {
        *words
    }
    assert f"--output={folder}/log" in words
    assert f"/opt/bench run --workload '*;x' --output={folder}\n" in words[-1]


def test_a_percent_sign_in_the_folder_is_no_pattern_of_sbatch(answers: Answers, tmp_path: Path) -> None:
    calls = answers("sbatch", out="17;cluster\n")
    assert SlurmEngine(OPTIONS, tmp_path / "%j").submit(NODE) == "17"
    assert f"--output={tmp_path}/%%j/nodes/n1/2/log" in read_calls(calls)[0]


def test_a_refused_node_is_said_in_the_words_of_slurm(engine: SlurmEngine, answers: Answers) -> None:
    answers("sbatch", status=1, err="sbatch: error: invalid partition specified: cpu\nsbatch: error: more\n")
    with pytest.raises(SubmissionError, match="invalid partition specified: cpu"):
        engine.submit(NODE)


def test_without_slurm_it_is_an_unfit_environment(engine: SlurmEngine, answers: Answers) -> None:
    answers("squeue")
    with pytest.raises(EnvironmentUnfitError, match="no sbatch on PATH"):
        engine.submit(NODE)


@pytest.mark.parametrize(
    ("job", "node", "observation"),
    [
        ("PENDING|Priority", "allocated|none", Observation("waiting")),
        (
            "PENDING|QOSMaxJobsPerUserLimit",
            "idle|none",
            Observation("waiting", Reason(code="job_pending", values={"why": "QOSMaxJobsPerUserLimit"})),
        ),
        (
            "PENDING|ReqNodeNotAvail",
            "drained*|bad DIMM",
            Observation("drained", Reason(code="node_drained", values={"state": "drained*", "why": "bad DIMM"})),
        ),
        (
            "PENDING|ReqNodeNotAvail",
            "down*|Not responding",
            Observation("failed", Reason(code="node_down", values={"state": "down*", "why": "Not responding"})),
        ),
        ("RUNNING|None", "allocated|none", Observation("running")),
        (
            "RUNNING|None",
            "draining|bad DIMM",
            Observation(
                "running", Reason(code="drained_while_measured", values={"state": "draining", "why": "bad DIMM"})
            ),
        ),
        ("TIMEOUT|TimeLimit", "idle|none", Observation("timed_out")),
        (
            "CANCELLED|None",
            "idle|none",
            Observation("failed", Reason(code="job_ended_by_engine", values={"state": "CANCELLED", "why": "None"})),
        ),
        (
            "NODE_FAIL|NodeDown",
            "down|kernel panic",
            Observation("failed", Reason(code="job_ended_by_engine", values={"state": "NODE_FAIL", "why": "NodeDown"})),
        ),
    ],
)
def test_states_of_job_and_node_decide(
    *, job: str, node: str, observation: Observation, engine: SlurmEngine, cancelled: Path, answers: Answers
) -> None:
    answers("squeue", out=f"16|RUNNING|None\n17|{job}\n")
    answers("sinfo", out=f"n1|{node}\n")
    assert engine.observe([NODE]) == {"n1": observation}
    unwanted = observation.state in {"drained", "failed"}
    assert read_calls(cancelled) == ([["17", ""]] if unwanted else [])


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", None], ids=["completed", "failed", "forgotten"])
def test_an_ended_job_has_the_exit_status_that_it_has_left(
    state: str | None, engine: SlurmEngine, cancelled: Path, answers: Answers, tmp_path: Path
) -> None:
    answers("squeue", out="" if state is None else f"17|{state}|None\n")
    (folder_of(tmp_path, NODE) / "status").write_text("3\n")
    assert engine.observe([NODE]) == {"n1": Ended(3)}
    assert read_calls(cancelled) == []


def test_a_node_that_was_drained_while_it_measured_is_marked_when_it_ends(
    engine: SlurmEngine, answers: Answers, tmp_path: Path
) -> None:
    answers("squeue", out="17|RUNNING|None\n")
    answers("sinfo", out="n1|draining|bad DIMM\n")
    engine.observe([NODE])
    answers("squeue", out="17|COMPLETED|None\n")
    answers("sinfo", out="n1|drained|bad DIMM\n")
    (folder_of(tmp_path, NODE) / "status").write_text("0\n")
    values = {"state": "draining", "why": "bad DIMM"}
    assert engine.observe([NODE]) == {"n1": Ended(0, Reason(code="drained_while_measured", values=values))}


def test_a_status_that_a_file_system_shows_late_is_waited_for(
    engine: SlurmEngine, answers: Answers, clock: Clock
) -> None:
    answers("squeue", out="17|COMPLETED|None\n")
    assert engine.observe([NODE]) == {"n1": Observation("running")}
    clock.now = SHARED_FILE_S
    reason = Reason(code="job_without_status", values={"job": "17"})
    assert engine.observe([NODE]) == {"n1": Observation("failed", reason)}


def test_accounts_say_how_a_forgotten_job_ended(engine: SlurmEngine, answers: Answers) -> None:
    answers("sacct", out="CANCELLED by 0\n")
    reason = Reason(code="job_ended_by_engine", values={"state": "CANCELLED", "why": ""})
    assert engine.observe([NODE]) == {"n1": Observation("failed", reason)}


def test_a_controller_that_does_not_answer_ends_no_job(engine: SlurmEngine, cancelled: Path, answers: Answers) -> None:
    answers("squeue", status=1, err="slurm_load_jobs error: Unable to contact slurm controller\n")
    with pytest.raises(EngineSilentError, match="squeue: slurm_load_jobs error: Unable to contact slurm controller"):
        engine.observe([NODE])
    assert read_calls(cancelled) == []


@pytest.mark.parametrize("text", ["", "x", "-1", "256", "9" * 30])
def test_a_malformed_status_is_none(text: str, engine: SlurmEngine, answers: Answers, tmp_path: Path) -> None:
    answers("squeue", out="17|COMPLETED|None\n")
    (folder_of(tmp_path, NODE) / "status").write_text(text)
    assert engine.observe([NODE]) == {"n1": Observation("running")}


def test_a_folder_that_a_node_does_not_see_is_said_in_one_line(answers: Answers, clock: Clock, tmp_path: Path) -> None:
    """Slurm cannot open the job's log there: it has failed, and neither its log nor its status ever shows up here."""
    answers("sbatch", out="17\n")
    answers("squeue", out="17|FAILED|NonZeroExitCode\n")
    lines: list[str] = []
    engine = SlurmEngine(OPTIONS, tmp_path / "out", clock=clock)
    (tmp_path / "out").mkdir()

    def wait(seconds: float) -> None:
        clock.now += seconds

    done = FleetRun(
        Fleet(
            submitted_at="2026-01-02T03:04:05Z",
            options=OPTIONS,
            nodes=(FleetNode(node="n1", state="waiting", attempts=0),),
        ),
        tmp_path / "out",
        engine,
        None,
        report=lambda node, ended, total: lines.append(render_change(node, ended, total)),
        warn=lines.append,
        wait=wait,
    ).run()
    assert done.nodes[0].state == "failed"
    assert lines[-1] == (
        "[1/1] n1: failed (job 17): job 17 has ended and left no exit status: is the folder shared by all nodes?"
    )
    assert SHARED_FILE_S <= clock.now < 2 * SHARED_FILE_S
