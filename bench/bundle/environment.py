"""Describe the software that measures: packages, source, and environment variables."""

import csv
import hashlib
import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution as InstalledDistribution
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from posixpath import join, normpath, relpath

from bench.bundle.recorded_variables import select_variables
from bench.bundle.source import PROJECT, digest_lock, digest_source, read_revision
from bench.records.bundle import Distribution, Environment
from bench.records.digest import Digest
from bench.records.text import clean_line

_CPU_EVIDENCE = (
    "arch_string_raw",
    "brand_raw",
    "family",
    "hardware_raw",
    "hz_actual_friendly",
    "hz_advertised_friendly",
    "l1_data_cache_size",
    "l1_instruction_cache_size",
    "l2_cache_size",
    "l3_cache_size",
    "model",
    "stepping",
    "vendor_id_raw",
)

_UNSTABLE_NAMES = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"})
"""Written by the installer, so different for each installation of the same wheel."""

_SITE_PACKAGES = "/lib/python/site-packages"
"""A stand-in for the folder of the packages in an environment."""


def describe_environment(
    root: Path = PROJECT,
    *,
    variables: Mapping[str, str] | None = None,
    installed: Iterable[InstalledDistribution] | None = None,
    cpu_evidence: Callable[[], dict[str, str]] | None = None,
) -> Environment:
    """Return the software of this process. Takes about two seconds, most of them in py-cpuinfo.

    Args:
        root: Folder that holds `bench/`, `profiles/` and `images/`.
        variables: The environment that workers inherit; by default this process's.
        installed: Python packages; by default all that can be imported.
        cpu_evidence: By default `read_cpu_evidence`.
    """
    variables = os.environ if variables is None else variables
    return Environment(
        implementation=f"{platform.python_implementation()} {platform.python_version()}",
        source_digest=digest_source(root),
        source_revision=read_revision(root, variables),
        lock_digest=digest_lock(root),
        variables=select_variables(variables),
        distributions=describe_distributions(distributions() if installed is None else installed),
        cpu_evidence=(cpu_evidence or read_cpu_evidence)(),
    )


def describe_distributions(installed: Iterable[InstalledDistribution]) -> tuple[Distribution, ...]:
    """Return every installed package but bench, by normalised name; of two with one name the one that is imported.

    bench is described by its source digest: its installation is a pointer to a folder.
    """
    found: dict[str, Distribution] = {}
    for distribution in installed:
        metadata = distribution.metadata
        if "Name" not in metadata or "Version" not in metadata:
            continue
        normal = normalize_name(metadata["Name"])
        if normal != "bench" and normal not in found:
            digest = digest_record(distribution.read_text("RECORD"))
            name, version = clean_line(metadata["Name"]), clean_line(metadata["Version"])
            found[normal] = Distribution(name=name, version=version, digest=digest)
    return tuple(found[name] for name in sorted(found))


def normalize_name(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache  # a run asks before and after it measures, and most lists are the same both times
def digest_record(record: str | None) -> Digest | None:
    """Return the digest of a package's own list of files: equal wherever the same wheel is installed.

    Left out are bytecode, what the installer adds, and scripts, whose first line has the interpreter's path. The files
    are not read: the list has their hashes.

    Args:
        record: The text of `RECORD` (PyPA, Recording installed projects); None if there is none.
    """
    if record is None:
        return None
    rows = (row for row in csv.reader(record.splitlines()) if len(row) >= 2)
    files = ((normalize_path(row[0]), row[1]) for row in rows)
    lines = sorted(f"{path},{digest}\n" for path, digest in files if _is_stable(PurePosixPath(path)))
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def normalize_path(path: str) -> str:
    """Return a path of `RECORD` as the shortest from the folder of the packages, as pip spells it.

    Installers spell files outside of that folder differently: `../../x` is `../../../lib/x` as well.
    """
    return relpath(normpath(join(_SITE_PACKAGES, path)), _SITE_PACKAGES)


def read_cpu_evidence() -> dict[str, str]:
    """Return what py-cpuinfo says of the CPU, as text, or `error`. Evidence only: nothing is decided by it."""
    import cpuinfo

    try:
        info = cpuinfo.get_cpu_info()
    except Exception as error:  # noqa: BLE001 - it raises bare Exception, and must not end a run
        return {"error": f"{type(error).__name__}: {error}"}
    return {name: str(info[name]) for name in _CPU_EVIDENCE if info.get(name) not in {None, ""}}


def _is_stable(path: PurePosixPath) -> bool:
    is_script = path.parts[:1] == ("..",) and path.parent.name in {"bin", "Scripts"}
    return not is_script and path.suffix != ".pyc" and path.name not in _UNSTABLE_NAMES
