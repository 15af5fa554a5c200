"""Carry a run to its nodes: submit, observe, collect, and record each change, until every node has ended."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

from msgspec.structs import replace

from bench.bundle.files import require_folder
from bench.bundle.seal import SigningKey
from bench.errors import BundleError, InterruptedRunError, OutputError, UsageError
from bench.fleet.collect import collect_bundle, drop_original
from bench.fleet.engine import Ended, Engine, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.log import read_last_line
from bench.fleet.outcome import is_to_retry, judge_exit
from bench.fleet.store import held, read_fleet, write_fleet
from bench.records.fleet import UNFINISHED, Fleet, FleetNode
from bench.records.reason import Reason

Report = Callable[[FleetNode, int, int], None]
"""Is called with a node that has changed, the number of nodes that have ended, and that of all."""


class FleetRun:
    """A run on many machines, whose record is on disk before and after each change."""

    def __init__(
        self,
        fleet: Fleet,
        output: Path,
        engine: Engine,
        signer: SigningKey | None,
        *,
        report: Report,
        warn: Callable[[str], None],
        wait: Callable[[float], None] = sleep,
    ) -> None:
        """Take what to run.

        Args:
            fleet: The nodes; those that `is_to_retry` are submitted, those that an engine still has are waited for.
            output: The folder; it is held.
            engine: Of the fleet's options.
            signer: Signs the bundles, after they are verified.
            report: Gets each change.
            warn: Gets the message once when the engine does not answer; it is asked until it does.
            wait: Sleeps for seconds.
        """
        self._fleet = fleet
        self._output = output
        self._engine = engine
        self._signer = signer
        self._report = report
        self._warn = warn
        self._wait = wait
        self._nodes = {node.node: node for node in fleet.nodes}
        self._silent = False

    def run(self) -> Fleet:
        """Run it to its end, and return what became of each node.

        Raises:
            InterruptedRunError: the user interrupted it; unfinished nodes were cancelled.
        """
        try:
            self._submit([node for node in self._nodes.values() if is_to_retry(node)])
            while unfinished := self._unfinished():
                self._observe(unfinished)
                if self._unfinished():
                    self._wait(self._engine.poll_s)
        except BaseException as error:
            self._cancel()
            if isinstance(error, KeyboardInterrupt):
                raise InterruptedRunError(
                    f"interrupted: unfinished nodes were cancelled; go on with bench fleet run --retry {shlex.quote(str(self._output))}"
                ) from error
            raise
        return self._write()

    def _unfinished(self) -> list[FleetNode]:
        return [node for node in self._nodes.values() if node.state in UNFINISHED]

    def _submit(self, nodes: Sequence[FleetNode]) -> None:
        for old in nodes:
            self._nodes[old.node] = FleetNode(node=old.node, state="waiting", attempts=old.attempts + 1)
        self._write()  # so that a folder of an attempt is never used twice, whenever this process is killed
        for old in nodes:
            node = self._nodes[old.node]
            _make_folder(folder_of(self._output, node))
            try:
                self._set(replace(node, job=self._engine.submit(node)))
            except SubmissionError as error:
                self._set(
                    replace(node, state="failed", reason=Reason(code="not_submitted", values={"line": str(error)}))
                )
            self._write()

    def _observe(self, nodes: Sequence[FleetNode]) -> None:
        try:
            found = self._engine.observe(nodes)
        except EngineSilentError as error:
            if not self._silent:
                self._warn(f"{error}; it is asked again")
            self._silent = True
            return
        self._silent = False
        before = dict(self._nodes)
        for name, observation in found.items():
            self._set(self._judge(self._nodes[name], observation))
        if self._nodes != before:
            self._write()
        for name in found:
            if self._nodes[name].bundle is not None:  # the record has it now
                drop_original(folder_of(self._output, self._nodes[name]))

    def _judge(self, node: FleetNode, observation: Observation | Ended) -> FleetNode:
        """Return a node after an observation; of one that ended by itself, the bundle is collected."""
        if isinstance(observation, Observation):
            return replace(node, state=observation.state, reason=observation.reason)
        folder, status = folder_of(self._output, node), observation.exit_status
        try:
            claimed = {other.bundle for other in self._nodes.values() if other.bundle is not None}
            bundle = collect_bundle(folder, self._output, self._signer, claimed)
        except (BundleError, UsageError) as error:
            refusal = Reason(code="bundle_not_verified", values={"error": str(error)})
            return replace(node, state="failed", exit_status=status, reason=refusal)
        state, reason = judge_exit(status, has_bundle=bundle is not None, line=read_last_line(folder))
        shown = observation.reason if reason is None else reason
        return replace(node, state=state, exit_status=status, bundle=bundle, reason=shown)

    def _set(self, node: FleetNode) -> None:
        """Take a node's new state, and report it if anybody can see a change."""
        old, self._nodes[node.node] = self._nodes[node.node], node
        if (old.state, old.reason, old.job) != (node.state, node.reason, node.job):
            self._report(node, len(self._nodes) - len(self._unfinished()), len(self._nodes))

    def _cancel(self) -> None:
        unfinished = self._unfinished()
        self._engine.cancel(unfinished)
        for node in unfinished:
            self._set(replace(node, state="interrupted", reason=None))
        self._write()

    def _write(self) -> Fleet:
        fleet = replace(self._fleet, nodes=tuple(self._nodes.values()))
        write_fleet(self._output, fleet)
        return fleet


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose another folder with --output") from error


def run_fleet(
    fleet: Fleet,
    output: Path,
    engine: Engine,
    signer: SigningKey | None,
    *,
    report: Report,
    warn: Callable[[str], None],
    retry: bool,
) -> Fleet:
    """Run a fleet in a folder that nobody else holds.

    Args:
        fleet: The nodes.
        output: The folder; made, unless it is gone on with.
        engine: Of the fleet's options.
        signer: Signs the bundles, after they are verified.
        report: Gets each change.
        warn: Gets the message when the engine does not answer.
        retry: Go on with what the folder holds.

    Raises:
        UsageError: the folder holds another run, or none that can be gone on with.
        EnvironmentUnfitError: another process runs it.
    """
    if not retry:
        require_folder(output)
        if any(output.iterdir()):
            raise UsageError(f"--output {output}: not empty; choose a new folder, or go on with --retry {output}")
    with held(output):
        if retry:
            fleet = read_fleet(output)  # only now: the process that held the folder may have written it
        return FleetRun(fleet, output, engine, signer, report=report, warn=warn).run()
