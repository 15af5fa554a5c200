"""Reasons as sentences: where codes of `bench.records.reason` become what people read.

Each area of the code keeps the table of its own codes in a module beside this one.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bench.errors import BenchError
from bench.records.reason import Reason, UnsupportedError, format_reason
from bench.report.reasons_compare import SENTENCES_COMPARE
from bench.report.reasons_doctor import SENTENCES_DOCTOR
from bench.report.reasons_failures import SENTENCES_FAILURES, SIGNALS
from bench.report.reasons_fleet import SENTENCES_FLEET
from bench.report.reasons_hardware import SENTENCES_HARDWARE
from bench.report.reasons_history import SENTENCES_HISTORY
from bench.report.reasons_placement import SENTENCES_PLACEMENT
from bench.report.reasons_probes import SENTENCES_PROBES
from bench.report.reasons_qualification import SENTENCES_QUALIFICATION
from bench.report.reasons_replacement import SENTENCES_REPLACEMENT
from bench.report.reasons_support import SENTENCES_SUPPORT, describe_by_row
from bench.report.reasons_triage import SENTENCES_TRIAGE
from bench.report.reasons_tuning import SENTENCES_TUNING
from bench.report.reasons_verification import SENTENCES_VERIFICATION

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        **SENTENCES_COMPARE,
        **SENTENCES_DOCTOR,
        **SENTENCES_FAILURES,
        **SENTENCES_FLEET,
        **SENTENCES_HARDWARE,
        **SENTENCES_HISTORY,
        **SENTENCES_PLACEMENT,
        **SENTENCES_PROBES,
        **SENTENCES_QUALIFICATION,
        **SENTENCES_REPLACEMENT,
        **SENTENCES_SUPPORT,
        **SENTENCES_TRIAGE,
        **SENTENCES_TUNING,
        **SENTENCES_VERIFICATION,
    }
)
"""Code → sentence, with the names of values in braces."""


def describe_reason(reason: Reason) -> str:
    """Return a reason as a sentence. Of an unknown code, which a newer bench may have written, return code and values."""
    in_row = describe_by_row(reason)
    if in_row is not None:
        return in_row
    template = SENTENCES.get(reason.code)
    if template is None:
        return format_reason(reason)
    values = _Values(reason.values)
    meaning = SIGNALS.get(values.get("signal", ""))
    if meaning is not None:
        values["signal"] += f" ({meaning})"
    return template.format_map(values)


def describe_error(error: BenchError) -> str:
    """Return an error's message, with the reasons that it carries as sentences."""
    if not isinstance(error, UnsupportedError):
        return str(error)
    return f"{error.what}: {'; '.join(describe_reason(reason) for reason in error.reasons)}"


class _Values(dict[str, str]):
    """Values by name; one that is missing is shown as a question mark: a bundle's author chooses what it holds."""

    def __missing__(self, name: str) -> str:
        return "?"
