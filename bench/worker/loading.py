"""Loading libraries, which is most of a short repetition."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Let the garbage collector rest: modules are no garbage, and looking through them takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
