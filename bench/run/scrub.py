"""Remove the host's name from what failed workers reported: this is signed in clear, and cannot be redacted."""

from collections.abc import Iterable

from msgspec.structs import replace

from bench.hardware.recording_scrub import HOST, compile_host_pattern
from bench.records.measurement import Measurement


def scrub_failures(measurements: Iterable[Measurement], host_name: str) -> tuple[Measurement, ...]:
    """Return the measurements with a word in place of the host's name.

    Args:
        measurements: With failures as the workers reported them.
        host_name: Of the machine; empty if unknown.
    """
    pattern = compile_host_pattern(host_name)

    def scrub(measurement: Measurement) -> Measurement:
        failure = measurement.failure
        if failure is None:
            return measurement
        stderr = tuple(pattern.sub(HOST, line) for line in failure.stderr)
        values = {name: pattern.sub(HOST, value) for name, value in failure.values.items()}
        return replace(measurement, failure=replace(failure, values=values, stderr=stderr))

    return tuple(map(scrub, measurements))
