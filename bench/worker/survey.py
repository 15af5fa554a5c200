"""`python -m bench.worker.survey`: read the rows of one source of workloads, and end.

This runs code of the user, as reading a file's rows imports it. What it prints is not taken for a message.
"""

import os
import traceback
from contextlib import suppress
from pathlib import Path

from bench.launch.process_tree import die_with_parent
from bench.launch.protocol import Failed, Surveyed
from bench.records.record import decode_json
from bench.records.source import SurveyTask
from bench.worker.channel import receive, send, take_standard_output
from bench.worker.failure import explain_error
from bench.worker.load import settle
from bench.worker.memory_limit import memory_limited
from bench.workloads.sources.registry import find_kind


def main() -> None:
    """Read the rows, and send them or why not."""
    die_with_parent()
    channel = take_standard_output()
    try:
        task = decode_json(receive(), SurveyTask, source="task")
        settle(Path(task.scratch))
        os.chdir(task.scratch)
        survey = find_kind(task.source.source.kind).load_survey()
        with memory_limited():
            rows = survey(task.source)
        send(channel, Surveyed(workloads=rows))
    except Exception as error:  # noqa: BLE001 - the border: any exception of the user's code is reported by name
        with suppress(OSError):  # it printed as much as it may
            traceback.print_exception(error)
        send(channel, Failed(failure=explain_error(error)))
    os._exit(0)


if __name__ == "__main__":
    main()
