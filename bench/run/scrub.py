"""Cut credentials and names from everything that is sealed in clear: this is signed, and cannot be redacted."""

from collections.abc import Iterable
from typing import TypeVar, cast

import msgspec
from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.measurement import Measurement, Sample
from bench.run.private_words import Cutter, PrivateWords, compile_text_cutter, compile_value_cutter

T = TypeVar("T")


def scrub_contents(contents: Contents, words: PrivateWords) -> Contents:
    """Return the contents of a bundle as they may be sealed.

    Every string of every record is cut, not those of chosen fields: a field that is added later is cut too.

    Args:
        contents: Before they are sealed. Their SBOM must have been made of a scrubbed environment: it spells a text in
            its own way, and has to agree with the environment.
        words: Of the user and the host. The host's name stays in its own field, which can be redacted.
    """
    cut, cut_text = compile_value_cutter(words), compile_text_cutter(words)
    measurements = scrub_failures(contents.measurements, cut_text)
    logs = {name: cut_text(data.decode(errors="replace")).encode() for name, data in contents.logs.items()}
    return scrub_strings(replace(contents, measurements=measurements, logs=logs), cut)


def scrub_failures(measurements: Iterable[Measurement], cut_text: Cutter) -> tuple[Measurement, ...]:
    """Return the measurements with what failed workers reported cut as text."""

    def scrub(measurement: Measurement) -> Measurement:
        failure = measurement.failure
        if failure is None:
            return measurement
        return replace(measurement, failure=scrub_strings(failure, cut_text))

    return tuple(map(scrub, measurements))


def scrub_strings(value: T, cut: Cutter) -> T:
    """Return a record, or a container of records, with every string cut; names of fields and keys stay."""
    return cast("T", _scrub(value, cut))


def _scrub(value: object, cut: Cutter) -> object:
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, Sample):  # a million of them, with numbers only
        return value
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return replace(value, **{name: _scrub(field, cut) for name, field in fields.items()})
    if isinstance(value, tuple):
        return tuple(_scrub(entry, cut) for entry in value)
    if isinstance(value, dict):
        return {key: _scrub(entry, cut) for key, entry in value.items()}
    return value
