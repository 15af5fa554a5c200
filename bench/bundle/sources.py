"""Check what a bundle states of the files and folders that workloads come from. Nothing of them is run or imported.

Which workloads a file gives, nobody can check without running it: its rows are taken as stated, by whoever signed.
"""

import hashlib

from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import Case, WorkloadFacts
from bench.records.plan import Plan
from bench.records.source import MAX_ROWS, Source, find_source


def check_sources(contents: Contents) -> None:
    """Refuse cases whose source is not stated, rows that do not give them, and files that are not what they are called.

    Raises:
        BundleError: says what contradicts what.
    """
    plan = contents.plan
    _check_rows(plan)
    for case in (*(cell.case for cell in plan.cells), *(refusal.case for refusal in plan.refused)):
        _check_case(case, plan)
    for cell in plan.cells:
        source = find_source(cell.case, plan.sources)
        if source is not None:
            _check_supported(cell.case, source)
    _check_files(contents)


def _check_rows(plan: Plan) -> None:
    seen: dict[str, Source] = {}
    count = sum(len(source.workloads) for source in plan.sources)
    if count > MAX_ROWS:
        raise BundleError(f"its sources give {count} workloads; at most {MAX_ROWS} are read")
    for source in plan.sources:
        if not source.workloads:
            raise BundleError(f"source {source.name} gives no workload")
        for row in source.workloads:
            if not row.name.startswith(f"{source.kind}."):
                raise BundleError(f"source {source.name} of kind {source.kind} gives a workload {row.name}")
            if row.name in seen:
                raise BundleError(f"sources {seen[row.name].name} and {source.name} both give workload {row.name}")
            seen[row.name] = source


def _check_case(case: Case, plan: Plan) -> None:
    """A workload has a dot in its name if and only if its case names a source, which the plan states."""
    if ("." in case.workload) != (case.source is not None):
        stated = "names no source" if case.source is None else f"names the source {case.source}"
        raise BundleError(f"a case of workload {case.workload} {stated}")
    if case.source is None:
        if case.inputs:
            raise BundleError(
                f"a case of workload {case.workload} states inputs; those of the catalogue have their own"
            )
        return
    source = find_source(case, plan.sources)
    if source is None:
        raise BundleError(
            f"a case of workload {case.workload} is of the source {case.source}, which gives no such workload"
        )
    if case.inputs != source.inputs:
        raise BundleError(f"a case of workload {case.workload} states other inputs than its source {source.name}")


def _check_supported(case: Case, source: Source) -> None:
    """A measured case is one that its row offers."""
    row = next(row for row in source.workloads if row.name == case.workload)
    if source.problem is not None:
        raise BundleError(f"workload {case.workload} was measured, but its source {source.name} could not be read")
    for field, found, offered in _list_offers(case, row):
        if found not in offered:
            raise BundleError(
                f"workload {case.workload} was measured with {field} {found}, which its row does not offer"
            )


def _list_offers(case: Case, row: WorkloadFacts) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return (
        ("mode", case.mode, tuple(row.batch_size)),
        ("precision", case.precision, row.precisions),
        ("memory format", case.memory_format, row.memory_formats),
        ("dimensions", " ".join(sorted(case.shape)), (" ".join(sorted(row.shape)),)),
    )


def _check_files(contents: Contents) -> None:
    sources = contents.plan.sources
    sealed = {source.digest: source for source in sources if source.sealed}
    for digest, data in contents.source_files.items():
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != digest:
            raise BundleError(f"the source file {digest} has the digest {found}")
        if digest not in sealed:
            raise BundleError(f"the source file {digest} is of no source that the plan says is in the bundle")
        if sealed[digest].size_bytes != len(data):
            raise BundleError(
                f"source {sealed[digest].name} is said to have {sealed[digest].size_bytes} bytes, its file has {len(data)}"
            )
    for digest, source in sealed.items():
        if digest not in contents.source_files:
            raise BundleError(f"source {source.name} is said to be in the bundle, which has no file {digest}")
