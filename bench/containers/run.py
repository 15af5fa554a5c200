"""Run a container to its end, forward its output, and remove it in any case."""

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.containers.plan import ContainerPlan, container_options
from bench.errors import EnvironmentUnfitError, InterruptedRunError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

Write = Callable[[bytes], object]
Frames = Iterator[tuple[bytes | None, bytes | None]]

STOP_S = 30
"""From SIGTERM to SIGKILL: time to end workers and to print how to resume."""


def run_container(client: "DockerClient", plan: ContainerPlan, *, out: Write, err: Write) -> int:
    """Run a container, and return its exit status. However this process ends, the container ends too.

    An end that this process can see stops the container. For any other, its standard input is held open here: when it
    ends, so does the run (`bench.launch.attendance`), and the engine removes the container.

    Args:
        client: Of an open engine.
        plan: What to run.
        out: Receives its standard output.
        err: Receives its standard error.

    Returns:
        Its exit status.

    Raises:
        EnvironmentUnfitError: it cannot be started, or disappeared.
        KeyboardInterrupt: a second one, while it was stopping; it is killed.
    """
    with created(client, container_options(plan), writable=[plan.writable], readable=plan.readable) as (
        container,
        ends,
    ):
        output = _attach(container)
        with closing(client.api.attach_socket(str(container.id), params={"stdin": 1, "stream": 1})):
            container.start()
            interrupted = False
            try:
                _forward(output, out, err)
            except KeyboardInterrupt:
                interrupted = True
                _stop(container, out, err)
            except OSError:  # nobody reads the output any more, as after a hangup
                _stop(container, out, err)
                raise
            status = await_end(ends)
        return InterruptedRunError.exit_code if interrupted else _explain_signal(status)


@contextmanager
def created(
    client: "DockerClient", options: Mapping[str, Any], *, writable: Iterable[Path], readable: Iterable[Path]
) -> Iterator[tuple["Container", Iterable[Mapping[str, Any]]]]:
    """Yield a container that is not started yet, and the engine's events of its end; it is removed in any case.

    The events are requested before the container starts: an early end would be missed otherwise.

    Args:
        client: Of an open engine.
        options: Arguments of the SDK's `containers.create`.
        writable: Paths of this host, mounted at the same paths inside.
        readable: The same, read-only.

    Raises:
        EnvironmentUnfitError: it cannot be started.
    """
    from docker.errors import APIError, NotFound
    from docker.types import Mount

    mounts = [Mount(str(path), str(path), type="bind") for path in writable]
    mounts += [Mount(str(path), str(path), type="bind", read_only=True) for path in readable]
    container = client.containers.create(**options, mounts=mounts)
    try:
        ends = client.events(decode=True, filters={"container": container.id, "event": "die"})
        with closing(ends):
            yield container, ends
    except APIError as error:
        raise EnvironmentUnfitError(f"the container cannot be started: {error.explanation or error}") from error
    finally:
        with suppress(NotFound, APIError):  # removed already, or being removed
            container.remove(force=True)


def await_end(ends: Iterable[Mapping[str, Any]]) -> int:
    """Return the exit status of a container, from the engine's events about it.

    Raises:
        EnvironmentUnfitError: the events end without one.
    """
    for event in ends:
        return int(event["Actor"]["Attributes"]["exitCode"])
    raise EnvironmentUnfitError("the container disappeared: did the engine stop?")


def _attach(container: "Container") -> Frames:
    frames: Frames = container.attach(stream=True, demux=True, stdout=True, stderr=True)
    return frames


def _forward(output: Frames, out: Write, err: Write) -> None:
    for from_out, from_err in output:
        if from_out:
            out(from_out)
        if from_err:
            err(from_err)


def _stop(container: "Container", out: Write, err: Write) -> None:
    """Stop it, as Ctrl-C would, and forward its last output; the engine kills it after `STOP_S`.

    Ctrl-C ended the stream that was being read, so another is opened.
    """
    from docker.errors import APIError, NotFound

    with suppress(NotFound, APIError, OSError):  # it has ended, or nobody reads its output
        output = _attach(container)
        container.stop(timeout=STOP_S)
        _forward(output, out, err)


def _explain_signal(status: int) -> int:
    """Return the status; refuse the one of a container that was killed, which is no run's own."""
    if status == 128 + signal.SIGKILL:
        raise EnvironmentUnfitError(
            "the container was killed, by somebody or by the kernel when memory ran out; give it more with --memory"
        )
    return status
