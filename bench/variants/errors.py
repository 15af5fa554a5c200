"""The error of variants."""

from bench.errors import BenchError


class NoEffectError(BenchError):
    """A precision, a memory format or a backend was asked for and did not take effect."""

    exit_code = 5
