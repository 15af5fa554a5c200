"""`python -m bench.worker`: tasks in on standard input, results out on standard output.

Started by `bench.launch.process` with thread counts already in its environment; nothing here loads
torch before the process is bound, so that every thread it starts inherits the binding.
"""

import os
import sys
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from bench.launch.process_tree import die_with_parent, end_like
from bench.launch.protocol import Failed, Loaded, Message
from bench.records.plan import Task
from bench.records.record import decode_json
from bench.worker.channel import receive, send, take_standard_output
from bench.worker.failure import explain_error
from bench.worker.fork_server import ForkServer
from bench.worker.load import Loading, load, settle


def main() -> None:
    """Load what a task needs, then do tasks with the same libraries, until standard input ends."""
    die_with_parent()
    server = ForkServer()
    os.environ.pop("LD_PRELOAD", None)  # meant for this process, not for the compilers that Inductor starts
    channel = take_standard_output()
    try:
        first = decode_json(receive(), Task, source="task")
        settle(Path(first.scratch))
        loading = load(first)
        send(channel, Loaded())
        while line := receive():
            task = decode_json(line, Task, source="task")
            status = server.run(partial(_do, task, loading, channel))
            if status != 0:
                end_like(status)
            send(channel, Loaded())
    except Exception as error:  # noqa: BLE001 - the border
        _fail(channel, error)
    os._exit(0)


def _do(task: Task, loading: Loading, channel: BinaryIO) -> NoReturn:
    """Do one task, send its result or failure, and end the process."""
    from bench.worker.pages import map_in

    try:
        settle(Path(task.scratch))
        map_in(loading.pages)
        send(channel, _work(task, loading, channel))
    except Exception as error:  # noqa: BLE001 - the border: any exception of a model fails the cell, and is reported by name
        _fail(channel, error)
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(0)  # what libraries do at exit (pools, caches) belongs to nobody's time, and can hang


def _fail(channel: BinaryIO, error: Exception) -> None:
    with suppress(OSError):  # it printed as much as it may
        traceback.print_exception(error)
        sys.stderr.flush()
    send(channel, Failed(failure=explain_error(error)))


def _work(task: Task, loading: Loading, channel: BinaryIO) -> Message:
    if task.kind == "probe":
        from bench.worker.probe import probe

        return probe(task, channel)
    if task.kind == "package":
        from bench.worker.package import make_package

        return make_package(task, loading, channel)
    from bench.worker.cell import measure_cell

    return measure_cell(task, loading, channel)


if __name__ == "__main__":
    main()
