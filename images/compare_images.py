"""Print the differences between two images of one OCI layout: configuration, layers, and files in layers.

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
    """Return the path of a blob."""
    return layout / "blobs" / digest.replace(":", "/")


def read_image(layout: Path, tag: str) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration of an image and the digests of its layers, lowest first."""
    index = json.loads((layout / "index.json").read_text())
    [found] = [
        entry["digest"]
        for entry in index["manifests"]
        if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag
    ]
    manifest = json.loads(read_blob(layout, found).read_text())
    config = json.loads(read_blob(layout, manifest["config"]["digest"]).read_text())
    return config, [layer["digest"] for layer in manifest["layers"]]


def read_files(layer: Path) -> dict[str, tuple[str, ...]]:
    """Return the properties of each file in a layer."""
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
    """Return the SHA-256 of a file's content; of the empty string for links and folders."""
    stream = archive.extractfile(member) if member.isfile() else None
    return hashlib.sha256(b"" if stream is None else stream.read()).hexdigest()


def compare(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
    """Return a line for each entry that differs."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{where}: only the first has {name}"
        elif name not in before:
            yield f"{where}: only the second has {name}"
        elif before[name] != after[name]:
            yield f"{where}: {name}: {differing(before[name], after[name])}"


def differing(before: object, after: object) -> str:
    """Return both values; for two files, only the properties that differ."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return "; ".join(f"{old} / {new}" for old, new in zip(before, after, strict=True) if old != new)
    return f"{before} / {after}"


def main(layout: Path, first: str, second: str) -> int:
    """Print a line for each difference. Return exit status 1 if there is any."""
    (config, layers), (other_config, other_layers) = read_image(layout, first), read_image(layout, second)
    lines = list(compare(config, other_config, "configuration"))
    if len(layers) != len(other_layers):
        lines.append(f"layers: {len(layers)} / {len(other_layers)}")
    for number, (layer, other_layer) in enumerate(zip(layers, other_layers, strict=False)):
        if layer != other_layer:
            blobs = read_blob(layout, layer), read_blob(layout, other_layer)
            files = compare(*map(read_files, blobs), f"layer {number}")
            lines += list(files) or [f"layer {number}: the same files in another order or form"]
    print("\n".join(lines) or "no difference")  # noqa: T201 - a script that prints
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
