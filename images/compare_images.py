"""Say what differs between two images of one OCI layout: configuration, layers, and the files of layers.

Usage: compare_images.py FOLDER TAG TAG
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_blob(layout: Path, digest: str) -> Path:
    """Where the blob of a digest lies."""
    return layout / "blobs" / digest.replace(":", "/")


def read_image(layout: Path, tag: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration of an image, and the digests of its layers, lowest first."""
    index = json.loads((layout / "index.json").read_text())
    [found] = [
        one["digest"]
        for one in index["manifests"]
        if one.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag
    ]
    manifest = json.loads(read_blob(layout, found).read_text())
    config = json.loads(read_blob(layout, manifest["config"]["digest"]).read_text())
    return config, [layer["digest"] for layer in manifest["layers"]]


def read_files(layer: Path) -> dict[str, tuple[str, ...]]:
    """What a layer says of each file."""
    with tarfile.open(layer) as archive:
        return {
            member.name: (
                f"type {member.type!r}",
                f"mode {member.mode:o}",
                f"owner {member.uid}:{member.gid}",
                f"time {member.mtime}",
                f"link {member.linkname}",
                f"size {member.size}",
                f"extra {sorted(member.pax_headers.items())}",
                f"sha256 {digest(archive, member)}",
            )
            for member in archive
        }


def digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """Of a file's content; of nothing for what has none."""
    stream = archive.extractfile(member) if member.isfile() else None
    return hashlib.sha256(b"" if stream is None else stream.read()).hexdigest()


def compare(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
    """A line for each entry that is not the same in both."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{where}: only the first has {name}"
        elif name not in before:
            yield f"{where}: only the second has {name}"
        elif before[name] != after[name]:
            yield f"{where}: {name}: {differing(before[name], after[name])}"


def differing(before: object, after: object) -> str:
    """Both values; of two descriptions of a file just what differs."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return "; ".join(f"{one} / {other}" for one, other in zip(before, after, strict=True) if one != other)
    return f"{before} / {after}"


def main(layout: Path, first: str, second: str) -> int:
    """Print a line for each difference; status 1 if there is any."""
    (config, layers), (other_config, other_layers) = read_image(layout, first), read_image(layout, second)
    lines = list(compare(config, other_config, "configuration"))
    if len(layers) != len(other_layers):
        lines.append(f"layers: {len(layers)} / {len(other_layers)}")
    for number, (one, other) in enumerate(zip(layers, other_layers, strict=False)):
        if one != other:
            files = compare(read_files(read_blob(layout, one)), read_files(read_blob(layout, other)), f"layer {number}")
            lines += list(files) or [f"layer {number}: the same files in another order or form"]
    print("\n".join(lines) or "no difference")  # noqa: T201 - this is what it is for
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
