"""Archives that were edited byte by byte, outside and, signed again by the attacker, inside."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator

from bench.bundle.archive import BLOCK_BYTES, MODIFIED_S
from bench.bundle.seal import OUTER_LIMITS
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.builder import CONTENTS, seal, seal_contents, unpack

BUNDLE = seal_contents(CONTENTS)
CONTENT = unpack(BUNDLE)["content.tar"]

Edit = Callable[[bytes], bytes]


def checksummed(header: bytes) -> bytes:
    """A header with the checksum that it needs."""
    blank = header[:148] + b" " * 8 + header[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def field(offset: int, value: bytes) -> Edit:
    """Change a field of the first header, and put its checksum right."""
    return lambda data: (
        checksummed(data[:offset] + value + data[offset + len(value) : BLOCK_BYTES]) + data[BLOCK_BYTES:]
    )


def name(text: bytes) -> Edit:
    return field(0, text.ljust(100, b"\0"))


def kind(flag: bytes, link: bytes = b"") -> Edit:
    return lambda data: field(156, flag)(field(157, link.ljust(100, b"\0"))(data))


def split(data: bytes) -> list[bytes]:
    """The members, each with its header and padding; the zeros at the end last."""
    parts, position = [], 0
    while any(data[position : position + BLOCK_BYTES]):
        size = int(data[position + 124 : position + 135], 8)
        end = position + BLOCK_BYTES + size + -size % BLOCK_BYTES
        parts.append(data[position:end])
        position = end
    return [*parts, data[position:]]


def parts(change: Callable[[list[bytes]], list[bytes]]) -> Edit:
    return lambda data: b"".join(change(split(data)))


def member(header: bytes, body: bytes = b"") -> bytes:
    return checksummed(header[:124] + b"%011o\0" % len(body) + header[136:]) + body + bytes(-len(body) % BLOCK_BYTES)


def before(flag: bytes, body: bytes, text: bytes = b"././@LongLink") -> Edit:
    """Put an extension header before the first member."""

    def edit(data: bytes) -> bytes:
        header = name(text)(data)[:BLOCK_BYTES]
        return member(header[:156] + flag + header[157:], body) + data

    return edit


def pad(data: bytes) -> bytes:
    """A bit in the first padding that there is."""
    for part in split(data):
        size = int(part[124:135], 8)
        if size % BLOCK_BYTES:
            at = data.index(part) + len(part) - 1
            return data[:at] + b"\x01" + data[at + 1 :]
    raise AssertionError("no member has padding")


EDITS: list[tuple[str, Edit, str]] = [
    ("a hard link", kind(b"1", b"x"), "is a hard link, not a regular file"),
    ("a symbolic link", kind(b"2", b"/etc/passwd"), "is a symbolic link"),
    ("a character device", kind(b"3"), "is a character device"),
    ("a block device", kind(b"4"), "is a block device"),
    ("a directory", kind(b"5"), "is a directory"),
    ("a pipe", kind(b"6"), "is a pipe"),
    ("a contiguous file", kind(b"7"), "of type b'7'"),
    ("a sparse file", kind(b"S"), "is a sparse file"),
    ("a multi-volume continuation", kind(b"M"), "of type b'M'"),
    ("a volume label", kind(b"V"), "of type b'V'"),
    ("an old-style regular file", kind(b"\0"), "of type b'\\x00'"),
    ("a regular file with a link's target", kind(b"0", b"x"), "header differs"),
    ("a GNU long name", before(b"L", b"a" * 200 + b"\0"), "is a long name"),
    ("a GNU long link", before(b"K", b"/etc/passwd\0"), "is a long link"),
    ("a pax header", before(b"x", b"19 path=other.json\n"), "is a pax header"),
    ("a global pax header", before(b"g", b"14 comment=x\n"), "is a pax header"),
    ("a pax header of a sparse file", before(b"x", b"22 GNU.sparse.major=1\n"), "is a pax header"),
    ("a name that leaves the folder", name(b"../content.tar"), "not a name of"),
    ("an absolute name", name(b"/etc/passwd"), "not a name of"),
    ("a hidden name", name(b".profile"), "not a name of"),
    ("a name of another case system", name("cöntent.tar".encode()), "not a name of"),
    ("a name that is no UTF-8", name(b"\xff\xfe"), "not a name of"),
    ("a name with a line end", name(b"a\nb"), "not a name of"),
    ("a name with a terminal's escape", name(b"a\x1b[2Jb"), "not a name of"),
    ("a name of another system's folder", name(b"..\\a"), "not a name of"),
    ("an empty name", name(b""), "not a name of"),
    ("a name with bytes after its end", name(b"a\0b"), "not a name of"),
    ("a name by prefix", field(345, b"folder"), "header differs"),
    ("an executable file", field(100, b"0000755\0"), "header differs"),
    ("a setuid file", field(100, b"0004755\0"), "header differs"),
    ("an owner", field(108, b"0001750\0"), "header differs"),
    ("an owner in base 256", field(108, b"\x80\0\0\0\0\0\0\0"), "header differs"),
    ("a group", field(116, b"0000005\0"), "header differs"),
    ("an owner's name", field(265, b"root"), "header differs"),
    ("a group's name", field(297, b"wheel"), "header differs"),
    ("another time", field(136, b"%011o\0" % (MODIFIED_S + 1)), "header differs"),
    ("a time before 1970", field(136, b"\xff" * 12), "header differs"),
    ("a device's number", field(329, b"0000001\0"), "header differs"),
    ("the header of another standard", field(257, b"ustar\x0000"), "header differs"),
    ("no magic number", field(257, bytes(8)), "no tar header"),
    ("a wrong checksum", lambda data: data[:148] + b"000000\0 " + data[156:], "header differs"),
    ("a signed checksum", lambda data: data[:148] + b" " + data[149:], "header differs"),
    ("a size in base 256", field(124, b"\x80" + bytes(10) + b"\x01"), "11 octal digits"),
    ("a negative size", field(124, b"\xff" * 12), "11 octal digits"),
    ("a size with blanks", field(124, b"         12\0"), "11 octal digits"),
    ("a size that ends in a blank", field(124, b"00000000012 "), "11 octal digits"),
    ("a size with a sign", field(124, b"-0000000012\0"), "11 octal digits"),
    ("a size with an 8", field(124, b"00000000018\0"), "11 octal digits"),
    ("a member of 8 GiB", field(124, b"77777777777\0"), "at most"),
    ("a size larger than the rest", field(124, b"00100000000\0"), "is truncated"),
    ("members in another order", parts(lambda p: [p[1], p[0], *p[2:]]), "names must be in ascending order"),
    ("a member twice", parts(lambda p: [p[0], *p]), "names must be in ascending order"),
    ("a padding that is not zero", pad, "its padding is not zero"),
    ("an end between members", parts(lambda p: [p[0], bytes(1024), *p[1:]]), "zero bytes after its last member"),
    ("an end of one block", parts(lambda p: [*p[:-1], bytes(512)]), "zero bytes after its last member"),
    ("no end", parts(lambda p: p[:-1]), "zero bytes after its last member"),
    ("a longer end", lambda data: data + bytes(10240), "zero bytes after its last member"),
    ("a byte in the end", lambda data: data[:-1] + b"\x01", "zero bytes after its last member"),
    ("an archive after the archive", lambda data: data + data, "zero bytes after its last member"),
    ("half a header", lambda data: data[:100], "no tar header"),
    ("half a member", lambda data: data[:700], "is truncated"),
    ("nothing", lambda _: b"", "zero bytes after its last member"),
    ("zeros", lambda _: bytes(10240), "is missing"),
    ("text", lambda _: b"Not an archive at all.\n" * 100, "no tar header"),
    ("a gzip of it", lambda data: gzip.compress(data, mtime=0), "no tar header"),
    ("a bzip2 of it", bz2.compress, "no tar header"),
    ("an xz of it", lzma.compress, "no tar header"),
]  # fmt: skip


def archives(many: int) -> Iterator[bytes]:
    """An archive of so many empty members."""
    header = CONTENT[:BLOCK_BYTES]
    for index in range(many):
        yield member(name(b"a%07d" % index)(header)[:BLOCK_BYTES])


OUTER = [
    *(Attack(name=f"{what} outside", data=edit(BUNDLE), words=words) for what, edit, words in EDITS),
    Attack(
        name="a hundred members outside",
        data=b"".join(archives(100)),
        words=f"more than {OUTER_LIMITS.members} members",
    ),
]
INNER = [
    *(Attack(name=f"{what} inside", data=seal(edit(CONTENT)), words=words) for what, edit, words in EDITS),
    Attack(name="20,001 members inside", data=seal(b"".join(archives(20_001))), words="more than 20000 members"),
]
