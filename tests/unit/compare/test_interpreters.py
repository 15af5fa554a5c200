from msgspec.structs import replace

from bench.compare.comparability import find_differences
from tests.unit.bundle.builder import CONTENTS


def find_severity(base: str, new: str) -> list[tuple[str, str]]:
    sides = [
        replace(CONTENTS, environment=replace(CONTENTS.environment, implementation=implementation))
        for implementation in (base, new)
    ]
    return [(finding.severity, finding.reason.code) for finding in find_differences(sides[0], sides[1], "reproduce")]


def test_another_patch_release_is_a_warning() -> None:
    assert find_severity("CPython 3.11.2", "CPython 3.11.7") == [("warn", "other_patch_release")]


def test_another_minor_release_or_implementation_is_refused() -> None:
    assert find_severity("CPython 3.11.2", "CPython 3.12.2") == [("refuse", "other_interpreter")]
    assert find_severity("CPython 3.11.2", "PyPy 3.11.2") == [("refuse", "other_interpreter")]
