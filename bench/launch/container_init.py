"""`python -m bench.launch.container_init`: the first process of a worker's container, which ends when it does.

A container is no child of who asked for it: killing that one leaves it be, and the kernel kills nobody in it. What
does get through is the end of standard input, and when the first process of a container ends, the rest is killed.
"""

import os
import selectors
import subprocess
import sys
from contextlib import suppress

from bench.launch.environment import preload_environment
from bench.launch.libraries import find_preloads
from bench.launch.process_tree import SIGNALLED
from bench.records.plan import Task
from bench.records.record import decode_json


def main() -> None:
    """Start the worker, pass on what it is told, and end as it does; or at once, when nobody listens any more."""
    line = sys.stdin.buffer.readline()
    task = decode_json(line, Task, source="task")
    preload = preload_environment(find_preloads(task.runtime))  # where this image has them
    its_input, to_worker = os.pipe()
    worker = subprocess.Popen([sys.executable, "-m", "bench.worker"], stdin=its_input, env=dict(os.environ) | preload)
    os.close(its_input)
    status = attend(worker, to_worker, line)
    os._exit(SIGNALLED - status if status < 0 else status)


def attend(worker: "subprocess.Popen[bytes]", to_worker: int, line: bytes) -> int:
    """Pass on standard input until it or the worker ends, sleeping in between.

    Args:
        worker: As it was started.
        to_worker: The pipe that is its standard input.
        line: The task, read already.

    Returns:
        The worker's exit status, as `Popen.returncode` has it; 1 if standard input ended first.
    """
    ended = os.pidfd_open(worker.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            with suppress(BrokenPipeError):  # it has ended, which is found next
                os.write(to_worker, line)
            if any(key.fd == ended for key, _ in selector.select()):
                return worker.wait()
            line = os.read(sys.stdin.fileno(), 1 << 16)
            if not line:
                return 1


if __name__ == "__main__":
    main()
