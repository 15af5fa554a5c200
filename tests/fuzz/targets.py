"""Everything that reads what others wrote, as functions of bytes. Each may refuse, in its own words; none may crash.

`tests/fuzz/test_targets.py` runs them under hypothesis, `tests/fuzz/fuzz.py` under atheris (`make fuzz`).
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from bench.bundle.archive import read_archive
from bench.bundle.content import CONTENT_LIMITS, format_members
from bench.bundle.envelope import parse_envelope
from bench.bundle.keys import parse_public_key
from bench.bundle.seal import OUTER_LIMITS, format_sealed, parse_sealed, read_outer_archive
from bench.bundle.statement import parse_statement
from bench.bundle.timestamp import parse_timestamp
from bench.bundle.trust import parse_trust
from bench.errors import BenchError
from bench.hardware.cgroup import parse_mountinfo, parse_mounts, parse_self_cgroup
from bench.hardware.cpuinfo import parse_cpuinfo
from bench.hardware.nodes import parse_total_memory
from bench.hardware.process import parse_auxiliary_vector
from bench.hardware.tree import Tree
from bench.launch.binding import count_node_pages
from bench.launch.libraries import mapped_files
from bench.launch.protocol import decode_message
from bench.measure.counters import read_counters
from bench.measure.noise import compare_counters
from bench.profiles.load import load_profile
from bench.records.cpulist import parse_cpulist, parse_cpumask
from bench.records.record import encode_json
from bench.run.journal import resume_journal
from bench.suites.load import load_suite
from bench.verification.verify import verify_bundle
from bench.workloads.registry import WORKLOADS
from tests.unit.bundle.builder import CONTENTS, OPERATOR, VENDOR, make_trust, pack_content, seal, seal_contents

Target = Callable[[bytes], object]

SCRATCH = Path(tempfile.mkdtemp(prefix="bench-fuzz-"))
BUNDLE = seal_contents(CONTENTS, OPERATOR, VENDOR)
MEMBERS = format_members(CONTENTS)
NAMES = sorted(MEMBERS)


def written(name: str, data: bytes) -> Path:
    path = SCRATCH / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def bundle(data: bytes) -> None:
    """A whole file."""
    verify_bundle(written("x.bench.tar", data))


def forged(data: bytes) -> None:
    """One file of the contents, which the attacker's own key has signed: what is refused late is reached."""
    if data:
        name = NAMES[data[0] % len(NAMES)]
        bundle(seal(pack_content({**MEMBERS, name: data[1:]})))


def spliced(data: bytes) -> None:
    """A valid file of the contents with some bytes of it changed: position, length, what takes their place."""
    if len(data) < 5:
        return
    name = NAMES[data[0] % len(NAMES)]
    old = MEMBERS[name]
    start = int.from_bytes(data[1:4], "big") % (len(old) + 1)
    bundle(seal(pack_content({**MEMBERS, name: old[:start] + data[5:] + old[start + data[4] % 32 :]})))


def archive(data: bytes) -> None:
    read_archive(data, CONTENT_LIMITS)


def outer(data: bytes) -> None:
    """What is read as an outer file is written back as the same bytes."""
    sealed = parse_sealed(read_outer_archive(data))
    assert len(data) <= OUTER_LIMITS.total_bytes
    assert format_sealed(sealed) == data


def counters(data: bytes) -> None:
    """`/proc/stat`, `/proc/self/stat` and the others that the ledger reads, all of the same text."""
    for name in ("stat", "self/stat", "self/cgroup", "self/sched", "self/task/1/status", "pressure/cpu"):
        written(f"root/proc/{name}", data)
    read = read_counters(frozenset({0, 1}), SCRATCH / "root")
    compare_counters(read, read, wall_s=1.0, cpu_count=2)


def journal(data: bytes) -> None:
    """A run's folder whose `session.json` and `journal.jsonl` were altered."""
    written("x.run/session.json", data)
    written("x.run/journal.jsonl", data)
    with resume_journal(SCRATCH / "x.run"):
        pass


def recording(data: bytes) -> None:
    """A machine that somebody sent."""
    Tree(written("x.tar.gz", data))


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "archive": archive,
        "outer": outer,
        "bundle": bundle,
        "forged": forged,
        "spliced": spliced,
        "envelope": parse_envelope,
        "statement": parse_statement,
        "key": lambda data: parse_public_key(data, source="x"),
        "trust": lambda data: parse_trust(data, source="x"),
        "timestamp": lambda data: parse_timestamp(text(data), source="x"),
        "profile": lambda data: load_profile(written("x.toml", data)),
        "suite": lambda data: load_suite(written("x.toml", data), WORKLOADS),
        "journal": journal,
        "message": decode_message,
        "recording": recording,
        "cpulist": lambda data: parse_cpulist(text(data)),
        "cpumask": lambda data: parse_cpumask(text(data)),
        "cpuinfo": lambda data: parse_cpuinfo(text(data)),
        "meminfo": lambda data: parse_total_memory(text(data)),
        "mountinfo": lambda data: parse_mountinfo(text(data)),
        "mounts": lambda data: parse_mounts(text(data)),
        "cgroup": lambda data: parse_self_cgroup(text(data)),
        "auxv": parse_auxiliary_vector,
        "numa_maps": lambda data: count_node_pages(text(data)),
        "maps": lambda data: mapped_files(text(data)),
        "counters": counters,
    }
)
"""Name → what reads."""

REFUSALS: Mapping[str, tuple[type[Exception], ...]] = MappingProxyType(
    {"cpulist": (ValueError,), "cpumask": (ValueError,), "message": (msgspec.MsgspecError, UnicodeDecodeError)}
)
"""What a target raises by its contract besides a `BenchError`."""

SEEDS: Mapping[str, Iterable[bytes]] = MappingProxyType(
    {
        "archive": (pack_content(MEMBERS),),
        "outer": (BUNDLE,),
        "bundle": (BUNDLE,),
        "forged": tuple(bytes([index]) + MEMBERS[name] for index, name in enumerate(NAMES)),
        "spliced": tuple(bytes([index, 0, 0, 9, 1]) + b"9" for index in range(len(NAMES))),
        "envelope": (bytes(read_outer_archive(BUNDLE)["statement.dsse.json"]),),
        "statement": (parse_sealed(read_outer_archive(BUNDLE)).statement,),
        "trust": (encode_json(make_trust(operator=OPERATOR)),),
        "key": (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== x", b"-----BEGIN PUBLIC KEY-----\n"),
        "timestamp": (b"2026-01-02T03:04:05Z",),
        "profile": tuple(path.read_bytes() for path in sorted(Path("profiles").glob("*.toml"))[:3]),
        "suite": tuple(path.read_bytes() for path in sorted(Path("bench/suites").glob("*.toml"))),
        "recording": tuple(path.read_bytes() for path in sorted(Path("tests/data/machines").glob("*.tar.gz"))[:2]),
        "message": (b'{"type":"ready"}\n', b'{"type":"failed","failure":{"reason":"error","message":"x"}}'),
        "cpulist": (b"0-3,8",),
        "cpumask": (b"0-3,8",),
        "cpuinfo": (b"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu avx2\n\n",),
        "meminfo": (b"MemTotal:       16 kB\n",),
        "mountinfo": (b"30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",),
        "mounts": (b"cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",),
        "cgroup": (b"0::/user.slice\n4:cpu,cpuacct:/a\n",),
        "numa_maps": (b"7f00 default anon=1 N0=1 N1=2\n",),
        "maps": (b"7f00-7f01 r-xp 00000000 08:01 1 /lib/libc.so.6\n",),
        "counters": (b"cpu0 1 2 3 4 5 6 7 8 9 0\n", b"1 (x) S " + b"1 " * 50, b"some avg10=0 total=5\n", b"0::/\n"),
    }
)
"""What a target's mutations start from."""


def attempt(name: str, data: bytes) -> None:
    """Run a target; whatever it raises against its contract comes through."""
    try:
        TARGETS[name](data)
    except (BenchError, *REFUSALS.get(name, ())):
        return
