"""What a huge file costs before it is refused: memory that the kernel counts, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bundle.seal import OUTER_LIMITS
from tests.unit.bundle.attacks.archives import archives
from tests.unit.bundle.attacks.members import MEMBERS
from tests.unit.bundle.builder import pack_content, seal

VERIFY = """
import resource, sys
from pathlib import Path
from bench.verification.verify import verify_bundle
from bench.errors import BundleError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    verify_bundle(Path(sys.argv[1]))
except BundleError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""

MIB = 1 << 20


@pytest.mark.parametrize(
    ("size", "most_bytes", "words"),
    [
        pytest.param(10 << 30, 8 * MIB, "are read", id="10 GiB are refused before they are read"),
        pytest.param(512 * 1_000_000, 8 * MIB, "are read", id="a million members are refused before they are read"),
        pytest.param(OUTER_LIMITS.total_bytes, OUTER_LIMITS.total_bytes + 32 * MIB, "more than", id="the largest file is read once"),
    ],
)  # fmt: skip
def test_a_huge_file_costs_no_more_than_one_reading(tmp_path: Path, size: int, most_bytes: int, words: str) -> None:
    path = tmp_path / "x.bench.tar"
    path.write_bytes(b"".join(archives(100)))
    os.truncate(path, size)
    done = subprocess.run([sys.executable, "-c", VERIFY, str(path)], check=True, capture_output=True, text=True)
    grown_kib, message = done.stdout.split(" ", 1)
    assert words in message
    assert int(grown_kib) * 1024 <= most_bytes


def test_a_huge_bill_of_materials_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """It would become twenty million lists, which take a gigabyte."""
    path = tmp_path / "x.bench.tar"
    sbom = b'{"components": [' + b"[]," * (20 << 20) + b"[]]}"
    path.write_bytes(seal(pack_content({**MEMBERS, "sbom.cdx.json": sbom})))
    done = subprocess.run([sys.executable, "-c", VERIFY, str(path)], check=True, capture_output=True, text=True)
    grown_kib, message = done.stdout.split(" ", 1)
    assert f"sbom.cdx.json has {len(sbom)} bytes; at most 4194304 are read" in message
    assert int(grown_kib) * 1024 <= len(sbom) + 32 * MIB
