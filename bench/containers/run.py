"""Start a container, pass on what it says, end it with us, and leave nothing behind."""

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
"""From SIGTERM to SIGKILL: time to end workers and to say how to go on."""


def run_container(client: "DockerClient", plan: ContainerPlan, *, out: Write, err: Write) -> int:
    """Run a container to its end; the engine removes it even if this process is killed.

    Args:
        client: Of an open engine.
        plan: What to run.
        out: Takes its standard output as it comes.
        err: Takes its standard error.

    Returns:
        Its exit status.

    Raises:
        EnvironmentUnfitError: it cannot be started, or vanished.
        KeyboardInterrupt: a second time, while it was stopping; it is killed.
    """
    with created(client, container_options(plan), writable=[plan.writable], readable=plan.readable) as life:
        container, deaths = life
        output = _attach(container)
        container.start()
        interrupted = False
        try:
            _pass_on(output, out, err)
        except KeyboardInterrupt:
            interrupted = True
            _stop(container, out, err)
        status = await_death(deaths)
        return InterruptedRunError.exit_code if interrupted else _explain_signal(status)


@contextmanager
def created(
    client: "DockerClient", options: Mapping[str, Any], *, writable: Iterable[Path], readable: Iterable[Path]
) -> Iterator[tuple["Container", Iterable[Mapping[str, Any]]]]:
    """A container that is not started yet, and the engine's events of its death; it is removed in any case.

    Whoever waits for its death asks before it lives, else it may be missed.

    Args:
        client: Of an open engine.
        options: Arguments of the SDK's `containers.create`.
        writable: Paths of this host that are under the same ones inside.
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
        deaths = client.events(decode=True, filters={"container": container.id, "event": "die"})
        with closing(deaths):
            yield container, deaths
    except APIError as error:
        raise EnvironmentUnfitError(f"the container cannot be started: {error.explanation or error}") from error
    finally:
        with suppress(NotFound, APIError):  # gone already, or going
            container.remove(force=True)


def await_death(deaths: Iterable[Mapping[str, Any]]) -> int:
    """The exit status of a container, from the engine's events about it.

    Raises:
        EnvironmentUnfitError: they end without one.
    """
    for death in deaths:
        return int(death["Actor"]["Attributes"]["exitCode"])
    raise EnvironmentUnfitError("the container vanished: did the engine stop?")


def _attach(container: "Container") -> Frames:
    frames: Frames = container.attach(stream=True, demux=True, stdout=True, stderr=True)
    return frames


def _pass_on(output: Frames, out: Write, err: Write) -> None:
    for from_out, from_err in output:
        if from_out:
            out(from_out)
        if from_err:
            err(from_err)


def _stop(container: "Container", out: Write, err: Write) -> None:
    """Ask it to end, as Ctrl-C would, and pass on its last words; the engine kills it after a while.

    The stream that was read when Ctrl-C came ended with it, so another is opened.
    """
    from docker.errors import APIError, NotFound

    with suppress(NotFound, APIError):  # it ended by itself
        output = _attach(container)
        container.stop(timeout=STOP_S)
        _pass_on(output, out, err)


def _explain_signal(status: int) -> int:
    """A run never ends by a signal unless somebody, or the kernel, kills the whole container."""
    if status == 128 + signal.SIGKILL:
        raise EnvironmentUnfitError(
            "the container was killed: by somebody, or by the kernel for want of memory; --memory gives it more"
        )
    return status
