"""Convert the records of a run to the files of `content.tar`, and back.

Every JSON file has one exact form, that of `bench.records.record.encode_json`. A file
is compared with the re-encoding of what was read from it. That refuses duplicate keys, other encodings, `1` for
`1.0`, defaults that are written out, and whatever else two parsers could understand differently.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bench.bundle.archive import ArchiveLimits
from bench.bundle.calibration import CALIBRATION_BYTES
from bench.bundle.disclosure import PRIVATE_FIELDS, withhold
from bench.bundle.schema import SCHEMA, check_schema, explain_newer_writer, read_heading
from bench.errors import BundleError
from bench.records.bundle import BundleInfo, Contents, Environment, PrivateField
from bench.records.calibration import Calibration
from bench.records.digest import Digest
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.measurement import Measurement
from bench.records.plan import Plan
from bench.records.probe import Probe
from bench.records.profile import Profile
from bench.records.record import RecordT, decode_json, encode_json
from bench.records.request import Request
from bench.records.source import SEALED_BYTES
from bench.records.summary import Summary
from bench.records.tuning import Tuning
from bench.records.variant import VARIANTS, VariantName

CONTENT_LIMITS = ArchiveLimits(members=20_000, member_bytes=1 << 26, total_bytes=1 << 28)
"""The plan's ten thousand cells, each with a log; 64 MiB for one file, 256 MiB for all. `_LIMITS` has less for most."""

_INFO = "bundle.json"
_MACHINE = "machine.json"
_PRIVATE = "private.json"
_PROFILE = "profile.json"
_PLAN = "plan.json"
_REQUEST = "request.json"
_ENVIRONMENT = "environment.json"
_SBOM = "sbom.cdx.json"
_IMAGE = "image.json"
_CALIBRATION = "calibration.json"
_TUNING = "tuning.json"
_PROBES = "probes.json"
_SUMMARY = "summary.json"
_MEASUREMENTS = "measurements/"
_LOGS = "log/"
_ENVIRONMENTS = "environments/"
_SOURCES = "sources/"
_CODE = ".py"

_KIB, _MIB = 1 << 10, 1 << 20

_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        _INFO: 64 * _KIB,
        _MACHINE: 4 * _MIB,  # 16,000 cores, each with caches of its own
        _PRIVATE: 16 * _KIB,
        _PROFILE: 256 * _KIB,
        _PLAN: 32 * _MIB,  # ten thousand cells
        _ENVIRONMENT: 2 * _MIB,  # thousands of packages
        _SBOM: 4 * _MIB,  # the same, with the system's
        _IMAGE: 256 * _KIB,
        _CALIBRATION: CALIBRATION_BYTES,
        _TUNING: 4 * _MIB,  # hundreds of arms in each of a few stages
        _PROBES: 32 * _MIB,
        _SUMMARY: 32 * _MIB,
        _LOGS: 256 * _KIB,  # the last lines of a worker
        _ENVIRONMENTS: 2 * _MIB,
        _SOURCES: SEALED_BYTES,
        _MEASUREMENTS: CONTENT_LIMITS.member_bytes,
    }
)
"""File or folder → bytes of a file at most. Each file is decoded as a whole, into several times its size: the more so, the
less of it is numbers. `_MEASUREMENTS` are mostly numbers."""


def format_members(contents: Contents) -> dict[str, bytes]:
    """Return the files of `content.tar` by name: what is signed, so without the values of private fields.

    Raises:
        BundleError: a record holds what its own type forbids, such as a NaN, or is too large; says where.
    """
    contents = withhold(contents)
    members = {
        _INFO: _format(contents.info, BundleInfo, _INFO),
        _MACHINE: _format(contents.machine, Machine, _MACHINE),
        _PRIVATE: _format(contents.commitments, dict[PrivateField, Digest], _PRIVATE),
        _PROFILE: _format(contents.profile, Profile, _PROFILE),
        _PLAN: _format(contents.plan, Plan, _PLAN),
        _ENVIRONMENT: _format(contents.environment, Environment, _ENVIRONMENT),
        _SBOM: encode_json(_parse(contents.sbom, dict[str, object], _SBOM)),
        _IMAGE: _format(contents.image, Image, _IMAGE),
        _PROBES: _format(contents.probes, tuple[Probe, ...], _PROBES),
        _SUMMARY: _format(contents.summary, Summary, _SUMMARY),
    }
    if contents.request is not None:
        members[_REQUEST] = _format(contents.request, Request, _REQUEST)
    if contents.calibration is not None:
        members[_CALIBRATION] = _format(contents.calibration, Calibration, _CALIBRATION)
    if contents.tuning is not None:
        members[_TUNING] = _format(contents.tuning, Tuning, _TUNING)
    for variant, environment in contents.environments.items():
        members[_environment_of(variant)] = _format(environment, Environment, _environment_of(variant))
    for measurement in contents.measurements:
        name = f"{_MEASUREMENTS}{measurement.cell}.json"
        if name in members:
            raise BundleError(f"{name}: the cell has two measurements; it can have one")
        members[name] = _format(measurement, Measurement, name)
    members |= {f"{_LOGS}{name}": data for name, data in contents.logs.items()}
    members |= {_source_of(digest): data for digest, data in contents.source_files.items()}
    _check_sizes(members)
    return members


def parse_members(members: Mapping[str, memoryview]) -> Contents:
    """Return the records in the files of `content.tar`; private fields have no value yet.

    Measurements are in the order of their cells' ids.

    Raises:
        SchemaVersionError: the bundle is of another schema, or a newer bench wrote more than this one reads.
        BundleError: a file is missing, unknown, malformed, or not in the one form.
    """
    _check_sizes(members)
    heading = read_heading(bytes(members.get(_INFO, b"")))
    check_schema(heading.schema, SCHEMA)
    with explain_newer_writer(heading):
        return _parse_members(members)


def _parse_members(members: Mapping[str, memoryview]) -> Contents:
    """Read the files of a schema that is known."""
    rest = dict(members)
    contents = Contents(
        info=_take(rest, _INFO, BundleInfo),
        machine=_take(rest, _MACHINE, Machine),
        commitments=_take(rest, _PRIVATE, dict[PrivateField, Digest]),
        hidden=PRIVATE_FIELDS,
        profile=_take(rest, _PROFILE, Profile),
        plan=_take(rest, _PLAN, Plan),
        request=_take(rest, _REQUEST, Request) if _REQUEST in rest else None,
        environment=_take(rest, _ENVIRONMENT, Environment),
        sbom=encode_json(_take(rest, _SBOM, dict[str, object])),
        image=_take(rest, _IMAGE, Image),
        calibration=_take(rest, _CALIBRATION, Calibration) if _CALIBRATION in rest else None,
        tuning=_take(rest, _TUNING, Tuning) if _TUNING in rest else None,
        probes=_take(rest, _PROBES, tuple[Probe, ...]),
        summary=_take(rest, _SUMMARY, Summary),
        measurements=tuple(_take_measurement(rest, name) for name in members if name.startswith(_MEASUREMENTS)),
        logs={name.removeprefix(_LOGS): bytes(rest.pop(name)) for name in members if name.startswith(_LOGS)},
        environments={
            variant: _take(rest, _environment_of(variant), Environment)
            for variant in VARIANTS
            if _environment_of(variant) in rest
        },
        source_files={
            f"sha256:{name.removeprefix(_SOURCES).removesuffix(_CODE)}": bytes(rest.pop(name))
            for name in members
            if name.startswith(_SOURCES) and name.endswith(_CODE)
        },
    )
    if rest:
        raise BundleError(f"unknown members: {', '.join(sorted(rest))}")
    return contents


def _check_sizes(members: Mapping[str, bytes | memoryview]) -> None:
    """Refuse a file that is larger than any run makes it; an unknown one is refused by its name."""
    for name, data in members.items():
        limit = _LIMITS.get(name) or _LIMITS.get(f"{name.partition('/')[0]}/")
        if limit is not None and len(data) > limit:
            raise BundleError(f"{name} has {len(data)} bytes; at most {limit} are read")


def _source_of(digest: Digest) -> str:
    """Return the name of the member that is a file of code."""
    return f"{_SOURCES}{digest.removeprefix('sha256:')}{_CODE}"


def _environment_of(variant: VariantName) -> str:
    """Return the name of the member with the software of one side of an `ab` run."""
    return f"{_ENVIRONMENTS}{variant}.json"


def _take_measurement(rest: dict[str, memoryview], name: str) -> Measurement:
    measurement = _take(rest, name, Measurement)
    if name != f"{_MEASUREMENTS}{measurement.cell}.json":
        raise BundleError(f"{name}: holds the measurement of cell {measurement.cell}")
    return measurement


def _take(rest: dict[str, memoryview], name: str, kind: type[RecordT]) -> RecordT:
    """Remove a member from those left, and return its record."""
    if name not in rest:
        raise BundleError(f"{name} is missing")
    return _parse(bytes(rest.pop(name)), kind, name)


def _parse(data: bytes, kind: type[RecordT], name: str) -> RecordT:
    """Decode a file, and refuse one that is not in the one form."""
    value = decode_json(data, kind, source=name)
    if encode_json(value) != data:
        raise BundleError(f"{name}: duplicate key, or not canonical JSON")
    return value


def _format(value: RecordT, kind: type[RecordT], name: str) -> bytes:
    """Encode a record, and check it by decoding: msgspec checks no types when a record is built."""
    return encode_json(decode_json(encode_json(value), kind, source=name))
