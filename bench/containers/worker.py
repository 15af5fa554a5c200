"""`python -m bench.containers.worker IMAGE MODULE`: a proxy on the host for a module that runs in a container.

To its parent it behaves like that module: it forwards the three standard streams, and ends with the same status or
signal. When it is killed, the container's standard input ends, and with it the container
(`bench.launch.container_init`).
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from bench.bundle.source import PROJECT
from bench.containers.engine import open_engine
from bench.containers.plan import Boundary, choose_user, draw_boundary, worker_options
from bench.containers.run import await_end, created
from bench.errors import BenchError
from bench.launch.environment import INHERITED
from bench.launch.process_tree import SIGNALLED, die_with_parent, end_like
from bench.launch.protocol import Failed, encode_message
from bench.records.measurement import Failure
from bench.records.plan import Task
from bench.records.record import decode_json
from bench.records.source import list_files

if TYPE_CHECKING:
    from docker import DockerClient

WORKER = "bench.worker"
ANYWHERE = Boundary(cpus="", memory_nodes="")
"""No binding, for a module that measures nothing."""

STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
"""Attach to all three; output comes in frames that say whether it is standard output or standard error."""
STDOUT = 1


def main() -> None:
    """Run the module in the image, and end with its status."""
    die_with_parent()
    image, module = sys.argv[1:]
    is_worker = module == WORKER
    line = sys.stdin.buffer.readline() if is_worker else b""
    try:
        task = decode_json(line, Task, source="task") if is_worker else None
        boundary = ANYWHERE if task is None else draw_boundary([task.binding])
        options = worker_options(
            image,
            "bench.launch.container_init" if is_worker else module,
            user=choose_user(os.getuid(), os.getgid()),
            boundary=boundary,
            variables=choose_variables(os.environ),
        )
        with open_engine() as client:
            scratch, sources = ([], []) if task is None else ([_open_scratch(task)], _list_sources(task))
            status = _run(client, options, scratch, sources, line)
    except BenchError as error:
        if is_worker:
            message = Failed(failure=Failure(reason="refused", values={"text": " ".join(str(error).split())[:500]}))
            sys.stdout.buffer.write(encode_message(message))
        else:
            sys.stderr.write(f"{error}\n")
        status = 0 if is_worker else error.exit_code
    sys.stdout.flush()
    end_like(SIGNALLED - status if status > SIGNALLED else status)


def choose_variables(here: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a worker in an image: this process's, without those about the host.

    Paths of libraries differ in an image; `bench.launch.container_init` finds them there.
    """
    outside = {*INHERITED, "LD_PRELOAD"}
    return {name: value for name, value in here.items() if name not in outside}


def _open_scratch(task: Task) -> Path:
    """Return the worker's folder; if root made it, open it to the image's own user."""
    scratch = Path(task.scratch)
    if os.getuid() == 0:
        scratch.chmod(0o1777)
    return scratch


def _list_sources(task: Task) -> list[Path]:
    """Return the files and folders that the case's workload comes from."""
    return [] if task.source is None else [Path(path) for path in list_files(task.source)]


def _run(client: "DockerClient", options: dict[str, Any], scratch: list[Path], sources: list[Path], line: bytes) -> int:
    """Run the container with this bench in place of the image's, forward its streams, and return its status.

    Raises:
        EnvironmentUnfitError: it cannot be started, or disappeared.
    """
    from docker.utils.socket import frames_iter

    readable = (PROJECT / "bench", PROJECT / "profiles", *sources)
    with created(client, options, writable=scratch, readable=readable) as (
        container,
        ends,
    ):
        socket = client.api.attach_socket(str(container.id), params=STREAMS)
        container.start()
        Thread(target=_forward_input, args=(line, socket.fileno()), daemon=True).start()
        for stream, chunk in frames_iter(socket, tty=False):  # type: ignore[no-untyped-call] # the SDK's own
            to = sys.stdout if stream == STDOUT else sys.stderr
            to.buffer.write(chunk)
            to.buffer.flush()
        return await_end(ends)


def _forward_input(line: bytes, socket: int) -> None:
    """Forward standard input to the container, until it ends."""
    with suppress(OSError):
        while line:
            line = line[os.write(socket, line) :]
            line = line or os.read(sys.stdin.fileno(), 1 << 16)


if __name__ == "__main__":
    main()
