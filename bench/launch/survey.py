"""Ask a short-lived process for the rows of a source of workloads: reading them may run the user's code."""

import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from bench.launch.environment import FIXED, INHERITED, ISOLATED
from bench.launch.isolation import module_argv
from bench.launch.process import ReadEvents, Worker, receive_all
from bench.launch.scratch import make_scratch
from bench.records.case import WorkloadFacts
from bench.records.kernel_events import KernelEvents
from bench.records.source import LocatedSource, SurveyTask

MODULE = "bench.worker.survey"

TIMEOUT_S = 60.0
"""For loading torch and a library from a cold disk, and the code at the top level of a file."""


def survey_source(
    located: LocatedSource,
    *,
    parent: Mapping[str, str],
    output: Path,
    read_events: ReadEvents = KernelEvents,
) -> tuple[WorkloadFacts, ...]:
    """Return the rows of a source.

    Args:
        located: The source; what its child runs is the content, where it has one.
        parent: The environment to inherit from.
        output: The folder for results, where there may be none for temporary files.
        read_events: Reads what the kernel counts, to explain how the process ended.

    Raises:
        WorkerFailedError: it crashed, was killed, ran out of time or memory, printed without end, or reported a failure.
        LaunchError: no process can be started.
    """
    inherited = {name: parent[name] for name in INHERITED if name in parent}
    with make_scratch(output) as scratch:
        path = write_content(located, Path(scratch))
        task = SurveyTask(source=path, scratch=scratch)
        worker = Worker(
            module_argv(sys.executable, MODULE), task, inherited | FIXED | ISOLATED, read_events=read_events
        )
        try:
            receive_all([worker], monotonic() + TIMEOUT_S, TIMEOUT_S, until=lambda child: child.last is not None)
            return worker.rows()
        finally:
            worker.end()


def write_content(located: LocatedSource, folder: Path) -> LocatedSource:
    """Write the content of a source into a folder, under its own name, and return it as it lies there, without content.

    So what is run is what was hashed, whatever happens to the user's file meanwhile. A source without content stays where
    it is.
    """
    if located.content is None:
        return located
    path = folder / located.source.name
    path.write_bytes(located.content)
    return LocatedSource(source=located.source, path=str(path), select=located.select, input_files=located.input_files)
