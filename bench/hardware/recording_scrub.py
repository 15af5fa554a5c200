"""Remove from a recording what is private or unneeded: names, serial numbers, and what detection does not read.

Paths and texts are changed alike, so that the files of a control group are still where `/proc/self/cgroup` and the
mount table say.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from bench import __version__
from bench.hardware.cgroup import parse_mountinfo, parse_mounts
from bench.hardware.process import MAX_UNREADABLE, RECORDING, Process, RecordedProcess
from bench.hardware.recording import Recording
from bench.records.cpulist import format_cpulist
from bench.records.reason import Reason
from bench.records.record import encode_json

LEFT_OUT: Final = (
    "the host's name (a very short one, a number or a word of the kernel's own may remain inside texts)",
    "serial numbers, machine ids and MAC addresses: none is read; `Serial` in proc/cpuinfo is blanked",
    "ids of containers and pods: replaced by zeros and a count",
    "mounts other than those of control groups and cpusets",
    "of proc/self/status all but the allowed CPUs and memory nodes; of proc/version all but the release",
    "proc/self/auxv: of it only AT_HWCAP and AT_HWCAP2 are stated",
)
"""Printed for the user, a line each."""

HOST: Final = "host"
"""Replaces the host's name."""

_KERNELS_WORDS: Final = (
    "sys proc self class devices device system kernel linux version cpu cpus cpufreq policy topology cache online smt "
    "node nodes memory mem mems cgroup cgroups cgroup2 cpuset docker libpod crio lxc garden kubepods containerd slice "
    "scope processor vendor family model flags features microcode intel amd arm kvm xen qemu max performance powersave"
)
"""Words of paths and of texts that readers look for: a host of such a name cannot be removed from them."""

_ANY_HOST: Final = frozenset(f"{HOST} localhost localdomain {_KERNELS_WORDS}".split())

_DROPPED: Final = frozenset({"proc/sys/kernel/hostname", "proc/self/auxv", RECORDING})

_NEVER: Final = re.compile(r"(?:serial|uuid|asset_tag|machine-id|boot_id)[^/]*\Z", re.IGNORECASE)
"""Files that detection does not open. If a later reader opens one, it is still not sent."""

_ID: Final = re.compile(r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{12,}", re.IGNORECASE)
"""Ids of containers and pods: a UUID with hyphens or underscores, or at least Docker's short form."""

_SERIAL: Final = re.compile(r"^([ \t]*serial[^:\n]*:)[^\n]*", re.IGNORECASE | re.MULTILINE)
_ALLOWED: Final = re.compile(r"^(?:Cpus|Mems)_allowed_list:[^\n]*", re.MULTILINE)
_RELEASE: Final = re.compile(r"\s*Linux version \S{1,100}")


def find_host_words(host_name: str) -> tuple[str, ...]:
    """Return the words that identify a host: its full name and its first label, unless they are common words.

    A name of one or two characters, or of digits only, occurs in many texts by chance; it is left, too.
    """
    words = {host_name, host_name.partition(".")[0]}
    return tuple(
        sorted(word for word in words if len(word) > 2 and not word.isdigit() and word.lower() not in _ANY_HOST)
    )


def compile_host_pattern(host_name: str) -> re.Pattern[str]:
    """Return a pattern that finds the words of `find_host_words` in a text."""
    words = find_host_words(host_name)
    return re.compile(
        rf"(?<![a-z0-9])(?:{'|'.join(re.escape(word) for word in reversed(words)) or '(?!)'})(?![a-z0-9])",
        re.IGNORECASE,
    )


def number_ids(texts: Iterable[str]) -> Mapping[str, str]:
    """Map each id in the texts to a number of the same length, mostly zeros; different ids stay different."""
    found = {match[0] for text in texts for match in _ID.finditer(text)}
    ordered = sorted(found, key=lambda text: (len(text), text))
    return MappingProxyType({text: f"{count:0{len(text)}d}" for count, text in enumerate(ordered)})


def cut_file(path: str, text: str) -> str | None:
    """Return what may be sent of a file, before names and ids are replaced; None if nothing may."""
    if path in _DROPPED or _NEVER.search(path) is not None:
        return None
    cut = _CUTS.get(path)
    return text if cut is None else cut(text)


def scrub_recording(recording: Recording, process: Process) -> Mapping[str, bytes | None]:
    """Return the members of the archive to send.

    Args:
        recording: What was read.
        process: Its facts are stated, and its host's name is removed.

    Returns:
        Path → content; None for a folder.
    """
    texts = {
        path: cut
        for path, data in recording.files.items()
        if (cut := cut_file(path, data.decode("utf-8", errors="surrogateescape"))) is not None
    }
    unreadable = (value for reason in recording.unreadable for value in reason.values.values())
    named = (*texts, *recording.folders, *unreadable, *(texts.get(path, "") for path in _NAMING_GROUPS))
    numbers = number_ids(named)
    host = compile_host_pattern(process.host_name)

    def rename(text: str) -> str:
        return host.sub(HOST, _ID.sub(lambda match: numbers.get(match[0], match[0]), text))

    members: dict[str, bytes | None] = dict.fromkeys(map(rename, recording.folders))
    for path, text in sorted(texts.items()):
        renamed = rename(text) if path in _NAMING_GROUPS else host.sub(HOST, text)
        members[rename(path)] = renamed.encode("utf-8", errors="surrogateescape")
    members[RECORDING] = encode_json(
        _state(process, tuple(_rename_values(reason, rename) for reason in recording.unreadable))
    )
    return MappingProxyType(members)


def _rename_values(reason: Reason, rename: Callable[[str], str]) -> Reason:
    return Reason(code=reason.code, values={name: rename(text) for name, text in reason.values.items()})


def _state(process: Process, unreadable: tuple[Reason, ...]) -> RecordedProcess:
    return RecordedProcess(
        schema="bench-recording/2",
        bench_version=__version__,
        architecture=process.architecture,
        affinity=None if process.affinity is None else format_cpulist(process.affinity),
        hwcap=process.hwcap,
        hwcap2=process.hwcap2,
        unreadable=unreadable[:MAX_UNREADABLE],
    )


def _keep_lines(*, needed: Callable[[str], object]) -> Callable[[str], str]:
    return lambda text: "".join(f"{line}\n" for line in text.splitlines() if needed(line))


def _blank_serial(text: str) -> str:
    return _SERIAL.sub(r"\1", text)


def _cut_status(text: str) -> str:
    return "".join(f"{line}\n" for line in _ALLOWED.findall(text))


def _cut_version(text: str) -> str:
    match = _RELEASE.match(text)
    return f"{match[0].strip()}\n" if match is not None else ""


_CUTS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "proc/cpuinfo": _blank_serial,
        "proc/self/status": _cut_status,
        "proc/version": _cut_version,
        "proc/self/mountinfo": _keep_lines(needed=parse_mountinfo),
        "proc/self/mounts": _keep_lines(needed=parse_mounts),
        "proc/mounts": _keep_lines(needed=parse_mounts),
    }
)

_NAMING_GROUPS: Final = (
    "proc/self/cgroup",
    "proc/self/cpuset",
    "proc/self/mountinfo",
    "proc/self/mounts",
    "proc/mounts",
)
