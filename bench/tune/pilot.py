"""One repetition of each cell before a search, to see how long repetitions take here. Nothing of it is a result."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bundle.image import describe_image
from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError
from bench.launch.workers import Workers
from bench.run.jobs import JobBuilder, RepetitionRequest
from bench.run.jobs import Workers as RunsJobs
from bench.run.output import require_output
from bench.run.prepare import Decision
from bench.run.sources import write_sources
from bench.tune.estimate import Timed


def time_cells(
    decision: Decision, output: Path, workers: RunsJobs | None = None, parent: Mapping[str, str] | None = None
) -> Timed:
    """Make one repetition of each cell of a plan.

    Args:
        decision: The plan of the profile's own settings.
        output: The folder for results. What workers write there meanwhile is removed.
        workers: They run it; by default new ones.
        parent: The environment that they inherit from, by default this process's.

    Returns:
        Nothing if a cell fails: the search itself then says why.

    Raises:
        OutputError: the folder cannot take results.
    """
    require_output(output, in_image=describe_image().inside)
    runs = Workers() if workers is None else workers
    with TemporaryDirectory(prefix=".pilot-", dir=output) as folder:
        path = Path(folder).absolute()  # a worker changes its current folder
        jobs = JobBuilder(
            decision.plan,
            decision.machine,
            path / "scratch",
            parent=os.environ if parent is None else parent,
            workers=runs,
            sources=write_sources(decision.sources, path / "sources"),
        )
        try:
            return [jobs.measure(RepetitionRequest(cell, first=False, round=0)) for cell in decision.plan.cells]
        except (WorkerFailedError, LaunchError):
            return []
        finally:
            runs.shutdown()
