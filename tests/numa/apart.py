"""Processes of their own for what cannot be taken back: a binding, a control group.

They are forked, not started anew as workers are: an emulated CPU takes seconds to start an interpreter, and what the
kernel holds a process to is the same for both.
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
    """What went wrong in a process apart."""


def run_apart(work: Callable[[Item], Result], items: Sequence[Item], result_type: type[Result]) -> list[Result]:
    """Do some work for each item, all at once, each in a process of its own.

    Raises:
        ApartError: a process failed, or took too long.
    """
    started = []
    for item in items:
        heard, told = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=_work_and_tell, args=(told, work, item), daemon=True)
        process.start()
        told.close()
        started.append((process, heard))
    results: list[Result] = []
    for process, heard in started:
        if not heard.poll(_PATIENCE_S):
            process.kill()
            raise ApartError(f"no answer within {_PATIENCE_S} s")
        message = heard.recv_bytes()
        mark, answer = message[:1], message[1:]
        process.join()
        if mark == _FAILED:
            raise ApartError(answer.decode())
        results.append(msgspec.json.decode(answer, type=result_type))
    return results


def _work_and_tell(told: Connection, work: Callable[[Item], object], item: Item) -> None:
    try:
        message = _DONE + msgspec.json.encode(work(item))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        message = _FAILED + f"{type(error).__name__}: {error}".encode()
    told.send_bytes(message)
