"""Join the images of an OCI layout, each under its architecture's name, into one index named `bench`.

Usage: index_archive.py LAYOUT

skopeo cannot read an index of images in local storage, and buildah compresses the layers that it pushes. Here manifests
keep their digests, because they are not rewritten. Source: OCI image specification, image-layout.md and image-index.md.
"""

import hashlib
import json
import sys
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
NAME = "org.opencontainers.image.ref.name"


def join(layout: Path) -> str:
    """Write the index, and return its digest."""
    listed = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifests = [
        {
            "mediaType": manifest["mediaType"],
            "digest": manifest["digest"],
            "size": manifest["size"],
            "platform": {"architecture": manifest["annotations"][NAME], "os": "linux"},
        }
        for manifest in sorted(listed, key=lambda manifest: manifest["annotations"][NAME])
    ]
    data = _encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(data)
    entry = {"mediaType": INDEX, "digest": f"sha256:{digest}", "size": len(data), "annotations": {NAME: "bench"}}
    (layout / "index.json").write_bytes(_encode({"schemaVersion": 2, "manifests": [entry]}))
    return f"sha256:{digest}"


def _encode(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


if __name__ == "__main__":
    sys.stdout.write(f"index    {join(Path(sys.argv[1]))}\n")
