"""Read suites: the shipped ones, or a user's file."""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from bench.errors import UsageError
from bench.records.case import WorkloadFacts
from bench.records.digest import Digest
from bench.records.lookup import list_known, suggest
from bench.records.request import is_file
from bench.records.suite import CaseTable, Suite
from bench.records.toml_file import TomlFile, read_toml

SUITES_DIR = Path(__file__).parent


def load_suite(path: Path, workloads: Mapping[str, WorkloadFacts]) -> Suite:
    """Read one suite.

    Args:
        path: Its file.
        workloads: All that are known: patterns and dimensions are checked against them.

    Raises:
        UsageError: the file cannot be read, is no suite, or names a workload or dimension that does not exist.
    """
    file = read_toml(path, Suite, noun="suite")
    suite = file.record
    if suite.name != path.stem:
        raise file.error(f"the suite's name is {suite.name!r}, the file's is {path.stem!r}; rename one of them", "name")
    policy = suite.policy
    if policy.repetitions_min > policy.repetitions_max:
        raise file.error(
            f"repetitions_min {policy.repetitions_min} is more than repetitions_max {policy.repetitions_max}; lower it",
            "policy",
            "repetitions_min",
        )
    for index, table in enumerate(suite.cases):
        _check_table(file, index, table, workloads)
    return suite


def load_suites(workloads: Mapping[str, WorkloadFacts]) -> dict[str, Suite]:
    """Read all shipped suites, by name."""
    return {path.stem: load_suite(path, workloads) for path in sorted(SUITES_DIR.glob("*.toml"))}


def find_suite(name_or_path: str, workloads: Mapping[str, WorkloadFacts]) -> Suite:
    """Find a shipped suite by name, or read a user's file (anything with a slash or ending in `.toml`).

    Raises:
        UsageError: no suite has that name (lists the known ones), or the file is wrong.
    """
    if is_file(name_or_path):
        return load_suite(Path(name_or_path), workloads)
    known = sorted(found.stem for found in SUITES_DIR.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(
            f"no suite {name_or_path!r}; {suggest(name_or_path, known)}there are {', '.join(known)}, or give a .toml file"
        )
    return load_suite(SUITES_DIR / f"{name_or_path}.toml", workloads)


def identify_suite(name_or_path: str) -> tuple[str, Digest | None]:
    """Return how a plan names a suite: a user's file by its own name and its digest, without the folders.

    Raises:
        UsageError: the file cannot be read.
    """
    if not is_file(name_or_path):
        return name_or_path, None
    file = read_toml(Path(name_or_path), Suite, noun="suite")
    return file.path.name, f"sha256:{hashlib.sha256(file.data).hexdigest()}"


def _check_table(file: TomlFile[Suite], index: int, table: CaseTable, workloads: Mapping[str, WorkloadFacts]) -> None:
    """Refuse a pattern that matches no workload, and a dimension that none of the table's workloads has.

    A dimension that only some of them have is right: the others are not touched by it. One that none has would be
    ignored without a word, and the cases would run at another size than the user believes.
    """
    matched = []
    for pattern in table.workload:
        names = [name for name in workloads if fnmatchcase(name, pattern)]
        if not names:
            hint = suggest(pattern, workloads)
            problem = f"no workload matches {pattern!r}; {hint}there are {', '.join(sorted(workloads))}"
            raise file.error(problem, "cases", index, "workload")
        matched += names
    known = sorted({dimension for name in matched for dimension in workloads[name].shape})
    for dimension in table.shape:
        if dimension not in known:
            problem = f"no workload of this table has the dimension {dimension!r}; {list_known(dimension, known)}"
            raise file.error(problem, "cases", index, "shape", dimension)
