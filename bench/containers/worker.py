"""`python -m bench.containers.worker IMAGE MODULE`: stands out here for a module that runs in a container.

To whoever started it, it is that module: it passes on the three standard streams and ends as it does, by a signal too.
When it is killed, the container's standard input ends, and with that the container (`bench.launch.container_init`).
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
from bench.containers.run import await_death, created
from bench.errors import BenchError
from bench.launch.environment import INHERITED
from bench.launch.process_tree import SIGNALLED, die_with_parent, end_like
from bench.launch.protocol import Failed, encode_message
from bench.records.measurement import Failure
from bench.records.plan import Task
from bench.records.record import decode_json

if TYPE_CHECKING:
    from docker import DockerClient

WORKER = "bench.worker"
ANYWHERE = Boundary(cpus="", memory_nodes="")
"""For a module that measures nothing."""

STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
"""What is attached to; output comes in frames, which say whether it is standard output or standard error."""
STDOUT = 1


def main() -> None:
    """Run the module in the image, and end as it does."""
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
            status = _run(client, options, [] if task is None else [_open_scratch(task)], line)
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
    """What a worker is told by variables, of what this process was started with: not what is about this host.

    Paths of libraries differ in an image; `bench.launch.container_init` finds them there.
    """
    outside = {*INHERITED, "LD_PRELOAD", "PYTHONPATH"}
    return {name: value for name, value in here.items() if name not in outside}


def _open_scratch(task: Task) -> Path:
    """The worker's folder; what root made is open to the image's own user, and to no one who cannot reach it."""
    scratch = Path(task.scratch)
    if os.getuid() == 0:
        scratch.chmod(0o1777)
    return scratch


def _run(client: "DockerClient", options: dict[str, Any], scratch: list[Path], line: bytes) -> int:
    """Start the container, with this bench in place of the image's, and pass on what is said, to its end.

    Raises:
        EnvironmentUnfitError: it cannot be started, or vanished.
    """
    from docker.utils.socket import frames_iter

    with created(client, options, writable=scratch, readable=(PROJECT / "bench", PROJECT / "profiles")) as life:
        container, deaths = life
        socket = client.api.attach_socket(str(container.id), params=STREAMS)
        container.start()
        Thread(target=_pass_input, args=(line, socket.fileno()), daemon=True).start()
        for stream, chunk in frames_iter(socket, tty=False):  # type: ignore[no-untyped-call] # the SDK's own
            to = sys.stdout if stream == STDOUT else sys.stderr
            to.buffer.write(chunk)
            to.buffer.flush()
        return await_death(deaths)


def _pass_input(line: bytes, socket: int) -> None:
    """What this process is told, to the container; nothing when that has ended."""
    with suppress(OSError):
        while line:
            line = line[os.write(socket, line) :]
            line = line or os.read(sys.stdin.fileno(), 1 << 16)


if __name__ == "__main__":
    main()
