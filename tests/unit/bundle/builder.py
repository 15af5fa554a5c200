"""A small valid bundle, and the ways to take it apart and seal it again as an attacker would."""

from collections.abc import Mapping
from dataclasses import replace as replace_part
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from bench.bundle.archive import read_archive, write_archive
from bench.bundle.content import CONTENT_LIMITS, format_members
from bench.bundle.disclosure import commit
from bench.bundle.schema import SCHEMA
from bench.bundle.seal import (
    OUTER_LIMITS,
    Sealed,
    SigningKey,
    add_signature,
    format_sealed,
    parse_sealed,
    read_outer_archive,
    seal_content,
    sign_seal,
)
from bench.bundle.signers import Requirements
from bench.bundle.trust import TrustStore
from bench.bundle.trust_store import add_key, new_trust
from bench.errors import BundleError
from bench.records.bundle import BundleInfo, Contents, Distribution, Environment
from bench.records.calibration import CellCalibration
from bench.records.image import Image
from bench.records.machine import Firmware
from bench.records.measurement import Failure, InstanceResult, Measurement
from bench.records.plan import Plan
from bench.records.profile import Binding
from bench.records.record import encode_json
from bench.records.summary import Interval
from bench.stats.summary import summarize
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from tests.builders import (
    CASE,
    DIGEST,
    PROFILE,
    make_cell,
    make_instance,
    make_machine,
    make_measurement,
    make_plan,
    make_probe,
    make_proof,
    make_repetition,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATENCIES = (0.010, 0.011, 0.012, 0.010, 0.011, 0.013)
MS = 1_000_000


def make_key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


OPERATOR = SigningKey(key=make_key(1))
VENDOR = SigningKey(key=make_key(2))
STRANGER = SigningKey(key=make_key(3))
EPHEMERAL = SigningKey(key=make_key(4), kind="ephemeral")

HALVES = tuple(Binding(cpus=cpu, memory_nodes="0", threads=1) for cpu in "01")
CELLS = (make_cell(0), make_cell(1, instances=HALVES, layout="throughput"), make_cell(2))
PLAN = make_plan(*CELLS)

ENVIRONMENT = Environment(
    implementation="CPython 3.11.7",
    source_digest=DIGEST,
    source_revision=None,
    lock_digest=DIGEST,
    variables={"OMP_NUM_THREADS": "2"},
    distributions=(
        Distribution(name="numpy", version="2.3.0", digest=DIGEST),
        Distribution(name="torch", version="2.14.1", digest=None),
    ),
    cpu_evidence={"brand_raw": "Test CPU"},
)


def bound(instance: InstanceResult, binding: Binding) -> InstanceResult:
    """The same, from a worker that was bound so."""
    held = replace(instance.effective, cpus=binding.cpus, main_cpus=binding.cpus, threads=binding.threads)
    return replace(instance, effective=held)


CELL_CALIBRATION = CellCalibration(
    case=CASE,
    layout="latency",
    repetitions=10,
    repetition_scatter_ratio=0.01,
    run_scatter_ratio=0.004,
    comparisons=500,
    false_alarms=2,
    false_alarm_ratio=Interval(point=0.004, low=0.001, high=0.014),
)


def make_sbom(environment: Environment) -> bytes:
    """The components alone: the real one takes half a second to load what renders it."""
    components = [
        {
            "name": package.name,
            "properties": [{"name": "bench:recordDigest", "value": package.digest}] if package.digest else [],
            "purl": f"pkg:pypi/{package.name}@{package.version}",
            "version": package.version,
        }
        for package in environment.distributions
    ]
    return encode_json({"bomFormat": "CycloneDX", "components": components})


def make_measurements() -> tuple[Measurement, ...]:
    """Two cells measured twice each, round by round between two probes, and one that failed."""
    alone = [
        make_repetition(
            index, make_instance(LATENCIES, start_ns=start * MS, proof=make_proof()), sequence=1 + 2 * index
        )
        for index, start in enumerate((100, 500))
    ]
    together = [
        make_repetition(
            index,
            bound(make_instance(LATENCIES, start_ns=start * MS, proof=make_proof()), HALVES[0]),
            bound(make_instance(LATENCIES, start_ns=(start + 1) * MS), HALVES[1]),
            sequence=2 + 2 * index,
        )
        for index, start in enumerate((300, 700))
    ]
    failed = replace(
        make_measurement(CELLS[2]),
        stopped="failed",
        failure=Failure(reason="crashed", values={"signal": "SIGSEGV"}),
    )
    return make_measurement(CELLS[0], *alone), make_measurement(CELLS[1], *together), failed


def make_contents() -> Contents:
    measurements = make_measurements()
    probes = (make_probe(sequence=0), make_probe(sequence=5, gflops=98.0))
    return Contents(
        info=BundleInfo(
            schema=SCHEMA,
            run_id="20260102T030405Z-0123abcd",
            bench_version="0.1.0",
            started_at="2026-01-02T03:04:05Z",
            finished_at="2026-01-02T03:05:05Z",
            resumed=0,
            note="before the upgrade",
        ),
        machine=replace(
            make_machine(),
            host_name="node7.lab.example",
            firmware=Firmware(system_vendor="Maker Inc.", product_name="Rack 2", board_vendor=None, bios_version="1.2"),
        ),
        profile=PROFILE,
        plan=PLAN,
        environment=ENVIRONMENT,
        sbom=make_sbom(ENVIRONMENT),
        image=Image(inside=True, labels={"org.opencontainers.image.revision": "0" * 40}),
        probes=probes,
        measurements=measurements,
        summary=summarize(PLAN, measurements, probes),
        logs={f"{CELLS[2].id}.txt": b"Segmentation fault\n"},
    )


def make_salt(size: int) -> bytes:
    """The same each time, which only a test may do."""
    return bytes(range(size))


CONTENTS, DISCLOSURES = commit(make_contents(), make_salt)


def on_day(day: int, contents: Contents = CONTENTS) -> Contents:
    """Such a run on another day of January, with samples of its own: they differ by nanoseconds."""
    moved = f"2026-01-{day:02}"

    def measure_anew(instance: InstanceResult) -> InstanceResult:
        samples = tuple(replace(sample, elapsed_ns=sample.elapsed_ns - day) for sample in instance.samples)
        return replace(instance, samples=samples)

    def move(text: str) -> str:
        return moved + text.removeprefix("2026-01-02")

    run = replace(
        contents,
        info=replace(
            contents.info,
            run_id=contents.info.run_id.replace("20260102", moved.replace("-", "")),
            started_at=move(contents.info.started_at),
            finished_at=move(contents.info.finished_at),
        ),
        probes=tuple(replace(probe, started_at=move(probe.started_at)) for probe in contents.probes),
        measurements=tuple(
            replace(
                measurement,
                repetitions=tuple(
                    replace(
                        repetition,
                        started_at=move(repetition.started_at),
                        instances=tuple(map(measure_anew, repetition.instances)),
                    )
                    for repetition in measurement.repetitions
                ),
            )
            for measurement in contents.measurements
        ),
    )
    return replace(run, summary=summarize(run.plan, run.measurements, run.probes))


def unpack(data: bytes) -> dict[str, bytes]:
    """The outer members."""
    return {name: bytes(member) for name, member in read_outer_archive(data).items()}


def pack(members: Mapping[str, bytes]) -> bytes:
    return write_archive(members, OUTER_LIMITS)


def unpack_content(data: bytes) -> dict[str, bytes]:
    """The inner members."""
    return {name: bytes(member) for name, member in read_archive(data, CONTENT_LIMITS).items()}


def pack_content(members: Mapping[str, bytes]) -> bytes:
    return write_archive(members, CONTENT_LIMITS)


def seal(
    content: bytes,
    signer: SigningKey = OPERATOR,
    *others: SigningKey,
    info: BundleInfo | None = None,
    plan: Plan = PLAN,
) -> bytes:
    """A bundle whose signatures hold, whatever its content is; the statement is about this run."""
    sealed = seal_content(content, info or CONTENTS.info, plan, signer, DISCLOSURES)
    for candidate in others:
        sealed = add_signature(sealed, candidate)
    return format_sealed(sealed)


def seal_contents(contents: Contents, signer: SigningKey = OPERATOR, *others: SigningKey) -> bytes:
    committed, disclosures = commit(contents, make_salt)
    content = pack_content(format_members(committed))
    sealed = open_parts(seal(content, signer, *others, info=committed.info, plan=committed.plan))
    return format_sealed(replace_part(sealed, disclosures=disclosures))


def sign_raw(statement: bytes, content: bytes, signer: SigningKey = OPERATOR) -> bytes:
    """A bundle with any statement, rightly signed."""
    signatures = (sign_seal(statement, signer.key),)
    return format_sealed(Sealed(content=content, statement=statement, signatures=signatures, disclosures=DISCLOSURES))


def open_parts(data: bytes) -> Sealed:
    return parse_sealed(read_outer_archive(data))


def verify(data: bytes, folder: Path, requirements: Requirements | None = None) -> Verification:
    path = folder / "run.bench.tar"
    path.write_bytes(data)
    return verify_bundle(path, requirements or Requirements(), now=NOW)


def refuse(data: bytes, folder: Path, words: str, requirements: Requirements | None = None) -> None:
    """Assert that a bundle does not verify, in one line that has these words, with exit status 6."""
    with pytest.raises(BundleError) as refusal:
        verify(data, folder, requirements)
    assert words in str(refusal.value)
    assert refusal.value.exit_code == 6
    assert "\n" not in str(refusal.value)


def make_trust(**roles: SigningKey) -> TrustStore:
    """A store with one key per role, valid through 2026."""
    store = new_trust(datetime(2027, 1, 1, tzinfo=UTC))
    for role, signer in roles.items():
        store = add_key(
            store,
            signer.key.public_key(),
            owner=f"{role}@lab",
            roles=[role],
            valid_after=datetime(2026, 1, 1, tzinfo=UTC),
            valid_before=datetime(2026, 12, 31, tzinfo=UTC),
        )
    return store
