"""Slurm: a job of its own for each node, exclusive and bound to that node.

A job array would leave the choice to the scheduler: it measures the node that is free first twice, and replaces one that
is drained by another, without a word.
"""

import math
import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from typing_extensions import override

from bench.fleet.command import ask, require_program
from bench.fleet.engine import LOG, Ended, Engine, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.script import STATUS, shared_script
from bench.records.fleet import FleetNode, FleetOptions
from bench.records.reason import Reason
from bench.records.text import clean_line

SHARED_FILE_S = 60
"""Until a file that a node has written shows on another: longer than NFS caches a folder's entries (nfs(5), acdirmax)."""

WAITING = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
RUNNING = frozenset({"RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED", "RESIZING"})
ENDED = frozenset({"COMPLETED", "FAILED"})
TIMED_OUT = frozenset({"TIMEOUT", "DEADLINE"})
"""States of a job (squeue(1)); in any other, Slurm or somebody else has ended it."""

DRAINED = frozenset({"drain", "draining", "drained"})
DOWN = frozenset({"down", "fail", "failing", "failed"})
"""States of a node (sinfo(1)) on which no job will begin."""

_PACKAGE = "Slurm's client commands"

_SUFFIXES = "*~#!%$@^-+"
"""Of a node's state: silent, powered down, about to boot, and so on."""


class SlurmEngine(Engine):
    """Jobs that outlive this process, in a folder that all nodes share."""

    poll_s = 5.0

    def __init__(self, options: FleetOptions, output: Path, *, clock: Callable[[], float] = monotonic) -> None:
        """Take the options of the run and the shared folder where its bundles are collected."""
        self._options = options
        self._output = output.resolve()
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._drained: dict[str, Reason] = {}

    @override
    def render(self, nodes: Sequence[FleetNode]) -> str:
        return "\n".join(
            f"mkdir -p {shlex.quote(str(folder_of(self._output, node)))}\n"
            f"{shlex.join(self._argv(node))} <<'END'\n{self._script(node)}END"
            for node in nodes
        )

    def _argv(self, node: FleetNode) -> list[str]:
        log = str(folder_of(self._output, node) / LOG).replace("%", "%%")  # sbatch replaces patterns such as %j
        return [
            "sbatch",
            *self._options.engine_options,
            "--parsable",
            "--job-name=bench-fleet",
            f"--nodelist={node.node}",
            "--nodes=1",
            "--ntasks=1",
            "--exclusive",
            "--mem=0",  # all memory of the node
            f"--time={math.ceil(self._options.timeout_s / 60)}",
            "--no-requeue",  # a run that was lost is submitted again by the user, and recorded
            f"--output={log}",
        ]

    def _script(self, node: FleetNode) -> str:
        return shared_script([*self._options.program, *self._options.command], folder_of(self._output, node))

    @override
    def submit(self, node: FleetNode) -> str:
        require_program("sbatch", _PACKAGE)
        answer = ask(self._argv(node), text=self._script(node))
        job = re.fullmatch(r"([0-9]{1,18})(?:;.*)?", answer.out.strip(), re.ASCII)
        if answer.status != 0 or job is None:
            raise SubmissionError(clean_line(answer.err or answer.out) or f"sbatch: exit status {answer.status}")
        self._ended.pop(node.node, None)
        self._drained.pop(node.node, None)
        return job[1]

    @override
    def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        states = _list_jobs()
        out_of_service = _list_out_of_service(nodes)
        found: dict[str, Observation | Ended] = {}
        for node in nodes:
            state, why = states.get(node.job or "", ("", ""))
            found[node.node] = self._observe(node, state, why, out_of_service.get(node.node))
        self.cancel([node for node in nodes if _may_still_wait(found[node.node])])
        return found

    def _observe(
        self, node: FleetNode, state: str, why: str, out_of_service: Observation | None
    ) -> Observation | Ended:
        if state in WAITING:
            return out_of_service or Observation("waiting", _pending(why))
        if state in RUNNING:
            if out_of_service is not None and out_of_service.reason is not None:
                self._drained[node.node] = Reason(code="drained_while_measured", values=out_of_service.reason.values)
            return Observation("running", self._drained.get(node.node))
        return self._judge_end(node, state, why)

    def _judge_end(self, node: FleetNode, state: str, why: str) -> Observation | Ended:
        """Return how a job ended, from its state, which is empty if Slurm has forgotten it, and from what it left."""
        status = _read_status(folder_of(self._output, node))
        if not state and status is None:
            state = _ask_accounting(node.job or "")
        if state in TIMED_OUT:
            return Observation("timed_out")
        if state and state not in ENDED:
            return Observation("failed", Reason(code="job_ended_by_engine", values={"state": state, "why": why}))
        if status is not None:
            return Ended(status, self._drained.get(node.node))
        if self._clock() - self._ended.setdefault(node.node, self._clock()) < SHARED_FILE_S:
            return Observation("running", self._drained.get(node.node))
        return Observation("failed", Reason(code="job_without_status", values={"job": node.job or ""}))

    @override
    def cancel(self, nodes: Sequence[FleetNode]) -> None:
        jobs = [node.job for node in nodes if node.job is not None]
        if jobs:
            ask(["scancel", *jobs])


def _may_still_wait(observation: Observation | Ended) -> bool:
    """Return whether a job that nobody waits for any more may still be in the queue."""
    return isinstance(observation, Observation) and observation.state in {"drained", "failed"}


def _pending(why: str) -> Reason | None:
    """Return why a job waits; None where it only waits for its turn."""
    return Reason(code="job_pending", values={"why": why}) if why not in {"", "None", "Priority", "Resources"} else None


def _list_jobs() -> dict[str, tuple[str, str]]:
    """Return state and reason of this user's jobs that Slurm still remembers, by id."""
    require_program("squeue", _PACKAGE)
    answer = ask(["squeue", "--noheader", "--states=all", f"--user={os.getuid()}", "--format=%i|%T|%r"])
    if answer.status != 0:
        raise EngineSilentError(f"squeue: {clean_line(answer.err)}")
    rows = [line.strip().split("|", 2) for line in answer.out.splitlines()]
    return {row[0]: (row[1], clean_line(row[2])) for row in rows if len(row) == 3}


def _list_out_of_service(nodes: Sequence[FleetNode]) -> dict[str, Observation]:
    """Return the nodes that take no jobs, each with what becomes of a job that has not begun."""
    names = ",".join(node.node for node in nodes)
    answer = ask(["sinfo", "--noheader", "--Node", f"--nodes={names}", "--format=%N|%T|%E"])
    if answer.status != 0:
        raise EngineSilentError(f"sinfo: {clean_line(answer.err)}")
    found = {}
    for row in (line.strip().split("|", 2) for line in answer.out.splitlines()):
        if len(row) == 3:
            state, values = row[1].rstrip(_SUFFIXES), {"state": row[1], "why": clean_line(row[2])}
            if state in DRAINED:
                found[row[0]] = Observation("drained", Reason(code="node_drained", values=values))
            elif state in DOWN:
                found[row[0]] = Observation("failed", Reason(code="node_down", values=values))
    return found


def _ask_accounting(job: str) -> str:
    """Return the state of a job that the scheduler has forgotten; empty where the site keeps no accounts."""
    answer = ask(["sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={job}", "--format=State"])
    words = answer.out.split() if answer.status == 0 else []
    return words[0] if words else ""


def _read_status(folder: Path) -> int | None:
    try:
        text = (folder / STATUS).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) and int(text) < 256 else None
