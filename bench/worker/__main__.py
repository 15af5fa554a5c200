"""`python -m bench.worker`: a task in on standard input, a result out on standard output.

Started by `bench.launch.process` with thread counts already in its environment; nothing here loads
torch before the process is bound, so that every thread it starts inherits the binding.
"""

import os
import sys
import traceback
from typing import BinaryIO

from bench.errors import BenchError, LaunchError
from bench.launch.binding import die_with_parent
from bench.launch.protocol import Failed, Message, encode_message
from bench.records.measurement import Failure
from bench.records.plan import Task
from bench.records.record import decode_json
from bench.variants.errors import NoEffectError


def main() -> None:
    """Do the one task, say how it went, and end."""
    die_with_parent()
    os.environ.pop("LD_PRELOAD", None)  # meant for this process, not for the compilers that Inductor starts
    channel = _take_standard_output()
    task = decode_json(sys.stdin.buffer.readline(), Task, source="task")
    try:
        message = _work(task, channel)
    except Exception as error:  # noqa: BLE001 - the border: whatever a model throws fails the cell, told by name
        traceback.print_exc()
        message = Failed(failure=explain_error(error))
    channel.write(encode_message(message))
    channel.flush()
    sys.stderr.flush()
    os._exit(0)  # what libraries do at exit (pools, caches) belongs to nobody's time, and can hang


def explain_error(error: Exception) -> Failure:
    """Turn what a model or a binding threw into the cell's failure."""
    text = " ".join(str(error).split())[:500]
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "bad_alloc" in text:
        return Failure(reason="out_of_memory", message=f"{type(error).__name__}: {text}")
    if isinstance(error, LaunchError):
        return Failure(reason="binding", message=text)
    if isinstance(error, NoEffectError):
        return Failure(reason="no_effect", message=text)
    if isinstance(error, BenchError):
        return Failure(reason="error", message=text)
    return Failure(reason="error", message=f"{type(error).__name__}: {text}")


def _work(task: Task, channel: BinaryIO) -> Message:
    if task.kind == "probe":
        from bench.worker.probe import probe

        return probe(task, channel)
    if task.kind == "package":
        from bench.worker.package import make_package

        return make_package(task, channel)
    from bench.worker.cell import measure_cell

    return measure_cell(task, channel)


def _take_standard_output() -> BinaryIO:
    """Keep the real standard output for messages, and send what libraries print to standard error."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


if __name__ == "__main__":
    main()
