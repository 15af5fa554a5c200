"""One index of the images in an OCI layout: their manifests keep their digests, and each has its platform."""

import hashlib
import json
from pathlib import Path

from images.index_archive import INDEX, NAME, join

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def make_layout(folder: Path) -> Path:
    (folder / "blobs/sha256").mkdir(parents=True)
    listed = [
        {"mediaType": MANIFEST, "digest": f"sha256:{digit * 64}", "size": 928, "annotations": {NAME: name}}
        for digit, name in (("b", "arm64"), ("a", "amd64"))
    ]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    return folder


def test_the_layout_holds_one_index_of_both_platforms(tmp_path: Path) -> None:
    digest = join(make_layout(tmp_path))
    [entry] = json.loads((tmp_path / "index.json").read_bytes())["manifests"]
    assert (entry["mediaType"], entry["digest"], entry["annotations"]) == (INDEX, digest, {NAME: "bench"})
    data = (tmp_path / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest.removeprefix("sha256:"), entry["size"])
    manifests = json.loads(data)["manifests"]
    assert [manifest["platform"] for manifest in manifests] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
    ]
    assert [manifest["digest"] for manifest in manifests] == [f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"]
