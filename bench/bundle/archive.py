"""Read and write uncompressed tar archives of one exact form: equal members give equal bytes.

The form is GNU tar's (`tar --format=gnu --sort=name --owner=0 --group=0 --numeric-owner
--mode=u=rw,go=r --mtime=@315532800`): regular files only, names ascending. A reader that accepts just
the header that it would write itself needs no parser for links, sparse files or extensions, and leaves
no room for hidden bytes.
"""

import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BundleError

BLOCK_BYTES = tarfile.BLOCKSIZE
RECORD_BYTES = tarfile.RECORDSIZE

MODIFIED_S = 315_532_800
"""1980-01-01, the modification time of every member: the oldest that ZIP can hold and no tool warns of."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?", re.ASCII)
_SIZE = re.compile(rb"[0-7]{11}\0")
_MAGIC = b"ustar"
_REGULAR = b"0"
_OTHER_TYPES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a directory",
    b"6": "a pipe",
    b"L": "a long name",
    b"K": "a long link",
    b"S": "a sparse file",
    b"x": "a pax header",
    b"g": "a pax header",
}


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """The most that an archive may hold.

    Attributes:
        members: Number of members.
        member_bytes: Data of one member.
        total_bytes: The archive itself, headers and padding included.
    """

    members: int
    member_bytes: int
    total_bytes: int


def write_archive(members: Mapping[str, bytes | memoryview], limits: ArchiveLimits) -> bytes:
    """Return an archive of members by name; the inverse of `read_archive`.

    Raises:
        BundleError: a name or a size could not be read back.
    """
    _check_count(len(members), limits)
    chunks: list[bytes | memoryview] = []
    for name in sorted(members):
        data = members[name]
        _check_member(name, len(data), limits)
        chunks += [_header(name, len(data)), data, bytes(-len(data) % BLOCK_BYTES)]
    used = sum(map(len, chunks))
    chunks.append(bytes(_trailer_bytes(used)))
    _check_total(used + len(chunks[-1]), limits)
    return b"".join(chunks)


def read_archive(data: bytes | memoryview, limits: ArchiveLimits) -> dict[str, memoryview]:
    """Return the members of an archive; refuse one that `write_archive` could not have written.

    Time grows with the number of members, at most `limits.members`; data are not copied.

    Raises:
        BundleError: any byte differs from what `write_archive` would make of the members.
    """
    view = memoryview(data)
    _check_total(len(view), limits)
    members: dict[str, memoryview] = {}
    position = 0
    previous = ""
    while not _is_zero(header := view[position : position + BLOCK_BYTES]):
        _check_count(len(members) + 1, limits)
        name, size = _parse_header(bytes(header), limits)
        if name <= previous:
            raise BundleError(
                f"member {name!r} follows {previous!r}; names must be in ascending order, without duplicates"
            )
        start = position + BLOCK_BYTES
        position = start + size + -size % BLOCK_BYTES
        if position > len(view):
            raise BundleError(
                f"member {name!r} is truncated: its header states {size} bytes, {len(view) - start} follow"
            )
        if not _is_zero(view[start + size : position]):
            raise BundleError(f"member {name!r}: its padding is not zero")
        members[name] = view[start : start + size]
        previous = name
    _check_trailer(view[position:], position)
    return members


def _parse_header(header: bytes, limits: ArchiveLimits) -> tuple[str, int]:
    """Return name and size of a header, which has one valid form for them."""
    if header[257:262] != _MAGIC:
        raise BundleError(f"no tar header at the start of a member; found {header[:4]!r}")
    name = header[: tarfile.LENGTH_NAME].rstrip(b"\0").decode("latin-1")
    kind = header[156:157]
    if kind != _REGULAR:
        raise BundleError(f"member {name!r} is {_OTHER_TYPES.get(kind, f'of type {kind!r}')}, not a regular file")
    if _SIZE.fullmatch(header[124:136]) is None:
        raise BundleError(f"member {name!r}: its size is not written as 11 octal digits")
    size = int(header[124:135], 8)
    _check_member(name, size, limits)
    if header != _header(name, size):
        raise BundleError(f"member {name!r}: its header differs from the only valid one in owner, mode, time or form")
    return name, size


def _write_template() -> bytes:
    """Return the header of a member without a name or data."""
    info = tarfile.TarInfo()
    info.mode = 0o644
    info.mtime = MODIFIED_S
    return info.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")


_TEMPLATE = _write_template()


def _header(name: str, size: int) -> bytes:
    """Return the 512 bytes before a member's data: the template with name, size and checksum.

    `tarfile` takes six times as long (16 and 2.7 microseconds), which shows where thousands of bundles are verified.
    """
    encoded = name.encode("ascii").ljust(tarfile.LENGTH_NAME, b"\0")
    head = encoded + _TEMPLATE[tarfile.LENGTH_NAME : 124] + b"%011o" % size + _TEMPLATE[135:148]
    rest = _TEMPLATE[156:]
    checksum = sum(head) + 8 * ord(" ") + sum(rest)
    return head + b"%06o\0 " % checksum + rest


def _is_zero(data: bytes | memoryview) -> bool:
    """Return whether all bytes are zero; `any` takes a hundred times as long."""
    return bytes(data) == bytes(len(data))


def _trailer_bytes(used: int) -> int:
    """Return how many zeros end an archive: two blocks, then up to a full record."""
    return 2 * BLOCK_BYTES + -(used + 2 * BLOCK_BYTES) % RECORD_BYTES


def _check_trailer(trailer: memoryview, used: int) -> None:
    wanted = _trailer_bytes(used)
    if len(trailer) != wanted or not _is_zero(trailer):
        raise BundleError(
            f"the archive must end in {wanted} zero bytes after its last member; {len(trailer)} bytes follow it"
        )


def _check_count(count: int, limits: ArchiveLimits) -> None:
    if count > limits.members:
        raise BundleError(f"more than {limits.members} members")


def _check_member(name: str, size: int, limits: ArchiveLimits) -> None:
    if len(name) > tarfile.LENGTH_NAME or _NAME.fullmatch(name) is None:
        raise BundleError(f"member {name!r}: not a name of at most 100 letters, digits, '.', '_', '-' and one '/'")
    if size > limits.member_bytes:
        raise BundleError(f"member {name!r} has {size} bytes; at most {limits.member_bytes} are allowed")


def _check_total(total: int, limits: ArchiveLimits) -> None:
    if total > limits.total_bytes:
        raise BundleError(f"the archive has {total} bytes; at most {limits.total_bytes} are allowed")
