"""The garbage collector, kept away from work that makes much and leaves no cycles: decoding records, loading modules."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let it rest, and leave it as it was: looking for cycles takes a tenth of verifying, and a sixth of loading torch."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
