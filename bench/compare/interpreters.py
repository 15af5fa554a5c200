"""Interpreters that differ in their patch release only, so that a difference does not forbid a verdict."""

import re

import msgspec

from bench.records.reason import Reason
from bench.records.verdict import Finding

_RELEASE = re.compile(r"(\S+ \d+\.\d+)\.\d+", re.ASCII)
"""Implementation and minor release, then the patch release."""


def soften_interpreter(finding: Finding) -> Finding:
    """Return a finding as a warning where both interpreters are of one minor release, else unchanged.

    The packages of a lock are then the same files, and so is their bytecode. Distributions of Linux have different
    patch releases: an image with Debian's could be reproduced on no host with another.
    """
    if finding.field != "environment.implementation" or finding.severity != "refuse":
        return finding
    base, new = _RELEASE.fullmatch(finding.base), _RELEASE.fullmatch(finding.new)
    if base is None or new is None or base[1] != new[1]:
        return finding
    return msgspec.structs.replace(finding, severity="warn", reason=Reason(code="other_patch_release"))
