"""`python -m bench.launch.container_init`: the first process of a worker's container, which ends with its parent.

A container is not a child of the process that asked the engine for it. When that process is killed, the container goes
on. But its standard input ends, and when the first process of a container ends, the kernel kills the others.
"""

import os
import selectors
import subprocess
import sys
from contextlib import suppress

from bench.launch.environment import preload_environment
from bench.launch.isolation import module_argv
from bench.launch.libraries import find_preloads
from bench.launch.process_tree import SIGNALLED
from bench.records.plan import Task
from bench.records.record import decode_json


def main() -> None:
    """Start the worker, pass on its input, and end as it ends; or immediately, when standard input ends."""
    line = sys.stdin.buffer.readline()
    task = decode_json(line, Task, source="task")
    preload = preload_environment(find_preloads(task.runtime))  # this image's libraries, not the host's
    worker_input, to_worker = os.pipe()
    worker = subprocess.Popen(  # noqa: S603 - this interpreter, no shell
        module_argv(sys.executable, "bench.worker"), stdin=worker_input, env=dict(os.environ) | preload
    )
    os.close(worker_input)
    status = attend(worker, to_worker, line)
    os._exit(SIGNALLED - status if status < 0 else status)


def attend(worker: "subprocess.Popen[bytes]", to_worker: int, line: bytes) -> int:
    """Pass on standard input until it or the worker ends, sleeping in between.

    Args:
        worker: The running worker.
        to_worker: The pipe to its standard input.
        line: The task, already read.

    Returns:
        The worker's exit status, as `Popen.returncode` has it; 1 if standard input ended first.
    """
    ended = os.pidfd_open(worker.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            with suppress(BrokenPipeError):  # the worker has ended, which the next line finds
                os.write(to_worker, line)
            if any(key.fd == ended for key, _ in selector.select()):
                return worker.wait()
            line = os.read(sys.stdin.fileno(), 1 << 16)
            if not line:
                return 1


if __name__ == "__main__":
    main()
