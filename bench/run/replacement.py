"""Replace a library that a profile prefers and this machine lacks, where the user left the profile to bench.

The replacement is an override of the request, as if the user had typed it: it is sealed with the request and stands in
the layouts, so that planning again gives the same plan.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from bench.launch.libraries import LIBRARIES, find_library
from bench.records.profile import Runtime
from bench.records.reason import Reason
from bench.records.request import AUTO, Request

Role = Literal["openmp", "allocator"]

DEFAULTS: tuple[tuple[Role, str], ...] = (("openmp", "gnu"), ("allocator", "system"))
"""What is there wherever torch is: its own OpenMP runtime, and the C library's allocator."""


def replace_missing(
    request: Request, runtime: Runtime, folders: Sequence[Path] | None = None
) -> tuple[Request, tuple[Reason, ...]]:
    """Return a request whose libraries are installed here, and what was replaced.

    A library that the user named, by an option or by the profile, stays: that it is missing is then an error.

    Args:
        request: Of the user.
        runtime: Of the layouts that the request gives.
        folders: Where to look for libraries, `search_folders()` if None.
    """
    if request.profile != AUTO:
        return request, ()
    missing = [
        (role, name, default)
        for role, default in DEFAULTS
        if getattr(request, role) is None
        and (name := getattr(runtime, role)) in LIBRARIES
        and find_library(name, folders) is None
    ]
    reasons = tuple(
        Reason(
            code=f"{role}_replaced",
            values={"name": name, "replacement": default, "package": LIBRARIES[name].package},
        )
        for role, name, default in missing
    )
    return msgspec.structs.replace(request, **{role: default for role, _, default in missing}), reasons
