"""Why a task failed: what an exception of a model, a backend or a binding says of the cell."""

from bench.errors import BenchError
from bench.launch.failure import WorkerFailedError, shorten
from bench.records.measurement import Failure
from bench.records.reason import UnsupportedError
from bench.variants.errors import NoEffectError


def explain_error(error: Exception) -> Failure:
    """Return the cell's failure for an exception of a model, a backend or a binding."""
    text = " ".join(str(error).split())[:500]
    if isinstance(error, WorkerFailedError):
        return error.failure
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "bad_alloc" in text:
        return Failure(reason="allocation_failed", values={"exception": type(error).__name__, "text": text})
    if isinstance(error, UnsupportedError):
        return Failure(reason=error.reasons[0].code, values=shorten(error.reasons[0].values))
    if isinstance(error, NoEffectError):
        return Failure(reason="no_effect", values={"text": text})
    if isinstance(error, BenchError):
        return Failure(reason="refused", values={"text": text})
    return Failure(reason="error", values={"exception": type(error).__name__, "text": text})
