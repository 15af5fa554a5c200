"""Separate processes for changes that no process can undo: a binding, a control group.

They are forked, not started anew as workers are: an emulated CPU takes seconds to start an interpreter, and the
kernel binds both alike.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import TypeVar

import msgspec

Item = TypeVar("Item")
Result = TypeVar("Result")

_FORK = multiprocessing.get_context("fork")
_PATIENCE_S = 120
_DONE, _FAILED = b"=", b"!"


class ApartError(Exception):
    """An error in a separate process."""


def run_apart(work: Callable[[Item], Result], items: Sequence[Item], result_type: type[Result]) -> list[Result]:
    """Do some work for each item, at the same time, each in a separate process.

    Raises:
        ApartError: a process failed, or took too long.
    """
    started = []
    for item in items:
        receiver, sender = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=_work_and_send, args=(sender, work, item), daemon=True)
        process.start()
        sender.close()
        started.append((process, receiver))
    results: list[Result] = []
    for process, receiver in started:
        if not receiver.poll(_PATIENCE_S):
            process.kill()
            raise ApartError(f"no answer within {_PATIENCE_S} s")
        message = receiver.recv_bytes()
        mark, answer = message[:1], message[1:]
        process.join()
        if mark == _FAILED:
            raise ApartError(answer.decode())
        results.append(msgspec.json.decode(answer, type=result_type))
    return results


def _work_and_send(sender: Connection, work: Callable[[Item], object], item: Item) -> None:
    try:
        message = _DONE + msgspec.json.encode(work(item))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        message = _FAILED + f"{type(error).__name__}: {error}".encode()
    sender.send_bytes(message)
