"""The bundle: everything that it holds besides machine, plan, measurements and summary."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.calibration import Calibration
from bench.records.digest import Digest
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.measurement import Measurement
from bench.records.plan import Plan
from bench.records.probe import Probe
from bench.records.profile import Profile
from bench.records.record import Record
from bench.records.request import Request
from bench.records.summary import Summary
from bench.records.text import Line, Note, Release
from bench.records.tuning import Tuning
from bench.records.variant import VariantName

RunId = Annotated[str, Meta(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\Z")]
Schema = Literal["bench-bundle/2"]
"""Names the format and its number. CONTRIBUTING.md says what may change within a number."""

BUNDLE_SUFFIX = ".bench.tar"
"""Of every bundle's file name."""

RUN_SUFFIX = ".run"
"""Of the folder of a run that has no bundle yet, after the run's id."""

Timestamp = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]


PrivateField = Literal[
    "firmware.bios_version",
    "firmware.board_vendor",
    "firmware.product_name",
    "firmware.system_vendor",
    "host_name",
    "note",
]
"""Fields that identify a machine or its owner. A salted digest of each is signed, so that a value can be removed."""


class Citation(Record, frozen=True, kw_only=True):
    """The run that another one reproduces.

    Attributes:
        content_digest: Of its `content.tar`.
    """

    run_id: RunId
    content_digest: Digest


class BundleInfo(Record, frozen=True, kw_only=True):
    """`bundle.json`: what this is.

    Attributes:
        schema: Inside the signed bytes, and always stated: `bench.bundle.schema` reads it before all else.
        bench_version: Of the program that wrote it.
        resumed: How often the run was interrupted and resumed.
        note: The user's, about the run.
        cites: The run that this one reproduces.
        clock_step_s: By how much the wall clock was set during the last session of the run. No time in the bundle has
            that step: all count on from the start of the session.
    """

    schema: Schema
    run_id: RunId
    bench_version: Release
    started_at: Timestamp
    finished_at: Timestamp
    resumed: Annotated[int, Meta(ge=0)]
    note: Note | None = None
    cites: Citation | None = None
    clock_step_s: float | None = None


class Distribution(Record, frozen=True, kw_only=True):
    """An installed Python package.

    Attributes:
        digest: Over the package's own list of its files and their hashes; None if it ships none.
    """

    name: Line
    version: Line
    digest: Digest | None


class Environment(Record, frozen=True, kw_only=True):
    """`environment.json`: the software that measured.

    Attributes:
        implementation: `CPython 3.11.2`.
        source_digest: Over bench's own source and profile files.
        source_revision: Of the checkout; None if there is none.
        lock_digest: Of the hash lock that the packages were installed from.
        variables: Of the environment that bench was started in, those that are listed in
            `bench.bundle.recorded_variables`.
        cpu_evidence: What py-cpuinfo says, kept as evidence and never used.
    """

    implementation: Line
    source_digest: Digest
    source_revision: Line | None
    lock_digest: Digest | None
    variables: dict[str, str]
    distributions: tuple[Distribution, ...]
    cpu_evidence: dict[str, str]


class Contents(Record, frozen=True, kw_only=True):
    """Everything in `content.tar`, decoded, and the private fields beside it.

    Attributes:
        environments: The software of each side of an `ab` run that has an interpreter of its own.
        commitments: Salted digest of each private field; empty until the run is sealed.
        request: What the plan follows from; None: not recorded, as of a run of another run's plan.
        calibration: Of the host, if one was made before the run.
        tuning: What the run is a stage of; None for any run but `tune`'s.
        hidden: Private fields that were removed: they read as if they had no value.
        source_files: Files of code that workloads come from, by their digests. They are data: nothing that reads a bundle
            runs them, but `reproduce` where the user says so.
    """

    info: BundleInfo
    machine: Machine
    profile: Profile
    plan: Plan
    environment: Environment
    sbom: bytes
    image: Image
    probes: tuple[Probe, ...]
    measurements: tuple[Measurement, ...]
    summary: Summary
    logs: dict[str, bytes]
    request: Request | None = None
    calibration: Calibration | None = None
    tuning: Tuning | None = None
    environments: dict[VariantName, Environment] = {}
    commitments: dict[PrivateField, Digest] = {}
    hidden: tuple[PrivateField, ...] = ()
    source_files: dict[Digest, bytes] = {}
