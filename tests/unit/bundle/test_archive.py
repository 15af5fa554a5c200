import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bundle.archive import MODIFIED_S, ArchiveLimits, read_archive, write_archive
from bench.errors import BundleError

LIMITS = ArchiveLimits(members=8, member_bytes=4096, total_bytes=1 << 16)
MEMBERS = {"a.json": b"{}\n", "b/c.bin": bytes(range(256)) * 3, "b/empty": b""}
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}(/[A-Za-z0-9][A-Za-z0-9._-]{0,20})?", fullmatch=True)


def make_tar(
    *infos: tarfile.TarInfo, form: int = tarfile.GNU_FORMAT, data: bytes = b"data", pax: dict[str, str] | None = None
) -> bytes:
    """What Python's own tarfile makes of these headers; regular files get the data."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=pax) as archive:
        for info in infos:
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def make_info(name: str = "a", **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mtime = MODIFIED_S
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def make_raw(name: str, size: bytes) -> bytes:
    """An archive of one header with this text as its size, the checksum put right."""
    header = bytearray(make_tar(make_info(name))[:512])
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(10240 - 512)


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8))
def test_read_inverts_write(members: dict[str, bytes]) -> None:
    read = read_archive(write_archive(members, LIMITS), LIMITS)
    assert {name: bytes(data) for name, data in read.items()} == members


def test_equal_members_give_equal_bytes_in_any_order() -> None:
    assert write_archive(dict(reversed(MEMBERS.items())), LIMITS) == write_archive(MEMBERS, LIMITS)


def test_the_bytes_are_those_of_a_gnu_tar() -> None:
    members = MEMBERS | {"n" * size: bytes([size]) * (size * 97) for size in range(1, 101)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in sorted(members.items()):
            archive.addfile(make_info(name, size=len(data)), io.BytesIO(data))
    assert (
        write_archive(members, ArchiveLimits(members=200, member_bytes=1 << 14, total_bytes=1 << 20))
        == buffer.getvalue()
    )


def test_reading_copies_nothing() -> None:
    data = write_archive(MEMBERS, LIMITS)
    assert read_archive(data, LIMITS)["b/c.bin"].obj is data


WRITTEN = write_archive(MEMBERS, LIMITS)

HOSTILE: list[tuple[str, bytes, str]] = [
    ("a hard link", make_tar(make_info(type=tarfile.LNKTYPE, linkname="b")), "a hard link"),
    ("a symbolic link", make_tar(make_info(type=tarfile.SYMTYPE, linkname="/etc/passwd")), "a symbolic link"),
    ("a directory", make_tar(make_info(type=tarfile.DIRTYPE)), "a directory"),
    ("a pipe", make_tar(make_info(type=tarfile.FIFOTYPE)), "a pipe"),
    ("a character device", make_tar(make_info(type=tarfile.CHRTYPE)), "a character device"),
    ("a block device", make_tar(make_info(type=tarfile.BLKTYPE)), "a block device"),
    ("a sparse file", make_tar(make_info(type=tarfile.GNUTYPE_SPARSE)), "a sparse file"),
    ("an old-style regular file", make_tar(make_info(type=tarfile.AREGTYPE)), "of type b'\\x00'"),
    ("a contiguous file", make_tar(make_info(type=tarfile.CONTTYPE)), "of type b'7'"),
    ("a long name", make_tar(make_info("a" * 150)), "a long name"),
    ("a global pax header", make_tar(make_info(), form=tarfile.PAX_FORMAT, pax={"comment": "x"}), "a pax header"),
    ("a pax header", make_tar(make_info("a" * 150), form=tarfile.PAX_FORMAT), "a pax header"),
    ("a USTAR header", make_tar(make_info(), form=tarfile.USTAR_FORMAT), "header differs"),
    ("a setuid mode", make_tar(make_info(mode=0o4755)), "header differs"),
    ("another mode", make_tar(make_info(mode=0o755)), "header differs"),
    ("another time", make_tar(make_info(mtime=0)), "header differs"),
    ("an owner's number", make_tar(make_info(uid=1000)), "header differs"),
    ("an owner's name", make_tar(make_info(uname="root")), "header differs"),
    ("a group", make_tar(make_info(gid=5)), "header differs"),
    ("a regular file with a link name", make_tar(make_info(linkname="b")), "header differs"),
    ("names in wrong order", make_tar(make_info("b"), make_info("a")), "names must be in ascending order"),
    ("a name twice", make_tar(make_info("a"), make_info("a")), "names must be in ascending order"),
    ("a name that leaves the folder", make_tar(make_info("../a")), "not a name"),
    ("an absolute name", make_tar(make_info("/a")), "not a name"),
    ("a hidden name", make_tar(make_info(".a")), "not a name"),
    ("a name two folders deep", make_tar(make_info("a/b/c")), "not a name"),
    ("an empty name", make_tar(make_info("")), "not a name"),
    ("a name with a line end", make_tar(make_info("a\n")), "not a name"),
    ("a name beyond ASCII", make_tar(make_info("ä")), "not a name"),
    ("more members than allowed", make_tar(*(make_info(f"a{i}") for i in range(9))), "more than 8 members"),
    ("a member larger than allowed", make_tar(make_info(), data=bytes(4097)), "at most 4096"),
    ("a member of 8 GiB", make_raw("a", b"77777777777\0"), "at most 4096"),
    ("a size in base 256", make_raw("a", b"\x80" + bytes(10) + b"\x01"), "11 octal digits"),
    ("a size with blanks", make_raw("a", b"         12\0"), "11 octal digits"),
    ("an archive larger than allowed", bytes(1 << 17), "at most 65536"),
    ("nothing", b"", "10240 zero bytes"),
    ("half a header", WRITTEN[:100], "no tar header"),
    ("a truncated member", WRITTEN[: 512 + 2], "is truncated"),
    ("no end", WRITTEN[:1024], "zero bytes after"),
    ("a short end", WRITTEN[:-512], "zero bytes after"),
    ("a longer end", WRITTEN + bytes(10240), "zero bytes after"),
    ("trailing bytes", WRITTEN[:-1] + b"x", "zero bytes after"),
    ("bytes in a member's padding", WRITTEN[:1000] + b"x" + WRITTEN[1001:], "padding"),
    ("a compressed archive", b"\x1f\x8b\x08\x00" + bytes(10236), "no tar header"),
    ("text", b"Not an archive at all.\n" * 100, "no tar header"),
]


@pytest.mark.parametrize(("data", "words"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_refuses(data: bytes, words: str) -> None:
    with pytest.raises(BundleError) as refusal:
        read_archive(data, LIMITS)
    assert words in str(refusal.value)
    assert refusal.value.exit_code == 6


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_no_changed_byte_reads_as_the_same_members(position: int, flip: int) -> None:
    changed = bytearray(WRITTEN)
    changed[position] ^= flip
    try:
        read = read_archive(bytes(changed), LIMITS)
    except BundleError:
        return
    assert write_archive(read, LIMITS) == changed
    assert {name: bytes(data) for name, data in read.items()} != MEMBERS


@given(st.binary(max_size=2048))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        read_archive(data, LIMITS)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param({"a b": b""}, "not a name", id="a name with a blank"),
        pytest.param({"a" * 101: b""}, "not a name", id="a name of 101 letters"),
        pytest.param({f"a{i}": b"" for i in range(9)}, "more than 8", id="too many members"),
        pytest.param({"a": bytes(4097)}, "at most 4096", id="a member that is too large"),
    ],
)
def test_writes_nothing_that_could_not_be_read(members: dict[str, bytes], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        write_archive(members, LIMITS)


def test_writes_no_archive_larger_than_allowed() -> None:
    small = ArchiveLimits(members=8, member_bytes=4096, total_bytes=10_239)
    with pytest.raises(BundleError, match="10240 bytes; at most 10239"):
        write_archive({"a": b""}, small)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 4096])
def test_members_of_every_alignment_come_back(size: int) -> None:
    data = write_archive({"a": b"x" * size}, LIMITS)
    assert len(data) % 10240 == 0
    assert bytes(read_archive(data, LIMITS)["a"]) == b"x" * size
