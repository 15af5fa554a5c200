"""What a report says of files and folders that workloads come from."""

from msgspec.structs import replace

from bench.records.reason import Reason
from bench.records.source import Source
from bench.report.sources import describe_sources
from tests.builders import DIGEST, FACTS

READ = Source(kind="file", name="mine.py", digest=DIGEST, size_bytes=7, workloads=(FACTS,), details={"commit": "0123"})


def test_a_source_is_named_with_its_digest_and_details() -> None:
    (line,) = describe_sources([READ])
    assert line == f"{FACTS.name} ({FACTS.summary}): from mine.py, {DIGEST}, 7 bytes, not in the bundle, commit 0123"


def test_of_a_source_that_could_not_be_read_only_its_refusal_speaks() -> None:
    lost = replace(READ, problem=Reason(code="package_missing", values={"package": "cv2"}))
    assert list(describe_sources([lost, READ])) == list(describe_sources([READ]))
