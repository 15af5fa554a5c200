"""What images/compare_images.py prints about two images that should be equal."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from bench.bundle.source import PROJECT

File = tuple[str, bytes, int]
ONE: list[File] = [("opt/a.pyc", b"abc", 1), ("opt/b", b"", 1)]


def put(layout: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    path = layout / "blobs/sha256" / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f"sha256:{digest}"


def put_layer(layout: Path, files: list[File]) -> str:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content, mtime in files:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), mtime
            archive.addfile(member, io.BytesIO(content))
    return put(layout, stream.getvalue())


def put_image(layout: Path, tag: str, config: dict[str, Any], *layers: list[File]) -> dict[str, Any]:
    manifest = {
        "config": {"digest": put(layout, json.dumps(config).encode())},
        "layers": [{"digest": put_layer(layout, files)} for files in layers],
    }
    digest = put(layout, json.dumps(manifest).encode())
    return {"digest": digest, "annotations": {"org.opencontainers.image.ref.name": tag}}


@pytest.mark.parametrize(
    ("config", "layers", "line"),
    [
        ({}, [ONE], "no difference"),
        ({"created": "2024"}, [ONE], "configuration: only the second has created"),
        ({}, [[("opt/a.pyc", b"abd", 1), ONE[1]]], "layer 0: opt/a.pyc: sha256 "),
        ({}, [[("opt/a.pyc", b"abc", 2), ONE[1]]], "layer 0: opt/a.pyc: time 1 / time 2"),
        ({}, [[*ONE, ("opt/c", b"", 1)]], "layer 0: only the second has opt/c"),
        ({}, [ONE[:1]], "layer 0: only the first has opt/b"),
        ({}, [ONE[::-1]], "layer 0: the same files in another order or form"),
        ({}, [ONE, ONE], "layers: 1 / 2"),
    ],
    ids=["nothing", "configuration", "content", "time", "added", "removed", "order", "another layer"],
)
def test_says_what_differs(tmp_path: Path, config: dict[str, Any], layers: list[list[File]], line: str) -> None:
    images = [put_image(tmp_path, "1", {}, ONE), put_image(tmp_path, "2", config, *layers)]
    (tmp_path / "index.json").write_text(json.dumps({"manifests": images}))

    finished = subprocess.run(
        [sys.executable, PROJECT / "images/compare_images.py", tmp_path, "1", "2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert finished.stdout.startswith(line), finished.stderr
    assert finished.returncode == (line != "no difference")
