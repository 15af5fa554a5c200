"""What the index of a site shows of one page."""

from typing import Annotated

from msgspec import Meta

from bench.records.bundle import RunId, Timestamp
from bench.records.record import Record
from bench.report.html.names import name_case_shortly
from bench.report.html.run import PageRun, link_cell

PageName = Annotated[str, Meta(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}-[0-9a-f]{12}\.html\Z")]
"""A run's id, and the beginning of the digest of its bundle's file: it names no other file, and no folder."""

CardLink = Annotated[str, Meta(pattern=r"^#[a-z0-9-]{1,40}\Z")]


class EntryCell(Record, frozen=True, kw_only=True):
    """A cell with a number.

    Attributes:
        name: Workload, phase and precision; what the index groups by.
        backend: Of its case.
        latency_s: Point estimate.
        noisy: No repetition was valid, so it rests on invalid ones.
        link: To its card in the page.
    """

    name: str
    backend: str
    latency_s: float
    noisy: bool = False
    link: CardLink


class SiteEntry(Record, frozen=True, kw_only=True):
    """One page.

    Attributes:
        machine: Model of the CPU.
        machine_detail: Microarchitecture, and counts of packages, cores and nodes.
        torch: Version of the package; empty if it is not among the packages.
        planned: Cells of the plan.
        signed_by: Owner or fingerprint of each signer, with its status.
        outcome: Of the sides of an `ab` run, in words; empty for any other run.
        cells: Those with a number.
    """

    page: PageName
    run_id: RunId
    started_at: Timestamp
    machine: str
    machine_detail: str
    profile: str
    suite: str
    torch: str
    planned: int
    signed_by: str
    outcome: str
    cells: tuple[EntryCell, ...]


def make_entry(run: PageRun, page: str) -> SiteEntry:
    """Return what the index shows of a run whose page has that name."""
    report, contents = run.report, run.verification.contents
    cpu, topology = report.machine.cpu, report.machine.topology
    torch = [package.version for package in contents.environment.distributions if package.name == "torch"]
    return SiteEntry(
        page=page,
        run_id=report.info.run_id,
        started_at=report.info.started_at,
        machine=cpu.model_name or cpu.vendor,
        machine_detail=(
            f"{cpu.microarchitecture}, packages {topology.package_count}, cores {topology.core_count}, "
            f"NUMA nodes {len(topology.nodes)}"
        ),
        profile=report.plan.profile.name,
        suite=report.plan.suite,
        torch=torch[0] if torch else "",
        planned=len(report.plan.cells),
        signed_by="; ".join(
            f"{signer.owner or signer.fingerprint} ({signer.status})" for signer in run.verification.signers
        ),
        outcome="" if report.comparison is None else report.comparison.outcome.replace("_", " "),
        cells=tuple(
            EntryCell(
                name=name_case_shortly(row.case),
                backend=row.case.backend,
                latency_s=row.latency_s.point,
                noisy="noisy_host" in row.marks,
                link=link_cell(run, row.cell),
            )
            for row in report.rows.cells
        ),
    )
