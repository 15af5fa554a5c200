from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.profiles.load import PROFILES_DIR, find_profile, load_profile, load_profiles
from bench.records.profile import EnvironmentSetting

GOOD = """\
name = "mine"
summary = "A machine of mine"

[match]
architecture = "x86_64"
vendor = "GenuineIntel"

[instance_per]
value = "node"
source = "a document"
evidence = "published"

[openmp]
value = "gnu"
source = "a document"
evidence = "published"

[allocator]
value = "system"
source = "a document"
evidence = "published"

[[environment]]
name = "OMP_WAIT_POLICY"
value = "ACTIVE"
source = "a document"
evidence = "published"
"""

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_profile(content: str | bytes) -> Path:
        path = tmp_path / "mine.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_profile


def test_reads_every_field(write: Write) -> None:
    profile = load_profile(write(GOOD))
    assert (profile.name, profile.match.vendor, profile.instance_per.value) == ("mine", "GenuineIntel", "node")
    assert profile.environment == (
        EnvironmentSetting(name="OMP_WAIT_POLICY", value="ACTIVE", source="a document", evidence="published"),
    )


MEASURED = """
[[placement]]
layout = "throughput"
instances = 2
source = "bench tune"
evidence = "measured"
bundle = "sha256:{digest}"
ratio = [1.01, 1.02, 1.03]
"""


def test_reads_what_was_measured_of_a_layout(write: Write) -> None:
    (placement,) = load_profile(write(GOOD + MEASURED.format(digest="0" * 64))).placement
    assert (placement.layout, placement.instances, placement.threads) == ("throughput", 2, None)
    assert placement.ratio == (1.01, 1.02, 1.03)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"throughput"', '"latency"', "layout latency has one instance by definition"),
        ('"throughput"', '"single_core"', "not a profile"),
        ("instances = 2\n", "", "it places nothing"),
        ('"measured"', '"derived"', "evidence is 'derived', and it names a bundle or a ratio; wanted 'measured'"),
        ("1.02", "1.04", "is [low, point, high] in this order"),
        ("1.01", "-1.01", "not a profile"),
        ("bundle", "#", "a ratio needs the bundle that it is from"),
    ],
    ids=["two instances", "one core", "nothing", "a guess", "an interval out of order", "a cost below 0", "no bundle"],
)
def test_what_cannot_have_been_measured_is_refused(old: str, new: str, message: str, write: Write) -> None:
    text = GOOD + MEASURED.format(digest="0" * 64).replace(old, new, 1)
    with pytest.raises(UsageError) as refusal:
        load_profile(write(text))
    assert message in str(refusal.value)


def test_a_layout_is_placed_once(write: Write) -> None:
    with pytest.raises(UsageError, match="layout throughput is placed twice"):
        load_profile(write(GOOD + 2 * MEASURED.format(digest="0" * 64)))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        pytest.param('"mine"', '"other"', 1, "name is 'other', wanted the file's own, 'mine'", id="another name"),
        pytest.param('"mine"', '"Mine!"', 1, "not a profile", id="a name that is no name"),
        pytest.param("summary", "sumary", 2, "unknown field `sumary`", id="an unknown key"),
        pytest.param('architecture = "x86_64"\n', "", 4, "missing required field `architecture`", id="no architecture"),
        pytest.param('"x86_64"', '"riscv64"', 5, "not a profile", id="an architecture that bench does not know"),
        pytest.param('"GenuineIntel"', "1", 6, "Expected `str | null`, got `int`", id="a number for a word"),
        pytest.param('"GenuineIntel"', '""', 6, "match.vendor holds an empty word", id="an empty condition"),
        pytest.param("vendor", "vender", 6, "unknown field `vender`", id="a misspelt condition"),
        pytest.param('"node"', '"package"', 9, "is 'package', wanted node or l3", id="an unknown unit"),
        pytest.param(
            'value = "gnu"', 'value = "msvc"', 14, "is 'msvc', wanted gnu or intel or llvm", id="unknown OpenMP"
        ),
        pytest.param(
            '"system"', '"hoard"', 19, "is 'hoard', wanted system or jemalloc or tcmalloc", id="unknown allocator"
        ),
        pytest.param("OMP_WAIT_POLICY", "KMP_BLOCKTIME", 24, "read by intel or llvm only", id="another's variable"),
        pytest.param('"published"', '"guessed"', 11, "Invalid enum value 'guessed'", id="unknown evidence"),
        pytest.param('source = "a document"\n', "", 8, "missing required field `source`", id="no source"),
        pytest.param("OMP_WAIT_POLICY", "OMP_NUM_THREADS", 24, "bench sets the thread count", id="an owned variable"),
        pytest.param("OMP_WAIT_POLICY", "omp_wait_policy", 24, "not a profile", id="a variable in lower case"),
        pytest.param('"ACTIVE"', '"ACTIVE\\n"', 25, "matching regex", id="a newline in a value"),
        pytest.param('"ACTIVE"', '"SPIN"', 24, "is 'SPIN', wanted ACTIVE or PASSIVE", id="an unknown value"),
    ],
)
def test_refuses_a_wrong_file_and_names_the_line(write: Write, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_refuses_a_variable_that_is_set_twice(write: Write) -> None:
    path = write(GOOD + GOOD[GOOD.index("[[environment]]") :])
    with pytest.raises(UsageError, match=r"mine\.toml:29: OMP_WAIT_POLICY is set twice"):
        load_profile(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_usage_error_and_nothing_else(write: Write, content: bytes) -> None:
    with pytest.raises(UsageError):
        load_profile(write(content))


def test_a_directory_without_profiles_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no profiles there"):
        load_profiles(tmp_path)


def test_loads_a_directory_by_name(write: Write) -> None:
    path = write(GOOD)
    assert list(load_profiles(path.parent)) == ["mine"]


def test_the_shipped_profiles_are_sorted_and_each_loads() -> None:
    names = list(load_profiles())
    assert names == sorted(names)
    wanted = {"xeon-spr", "epyc-genoa", "graviton3", "generic-x86-64-v3", "generic-x86-64-v4", "generic-arm64"}
    assert wanted <= set(names)


def test_no_shipped_profile_calls_a_setting_measured() -> None:
    for profile in load_profiles().values():
        settings = (
            profile.instance_per,
            profile.openmp,
            profile.allocator,
            *profile.environment,
            *profile.placement,
        )
        assert {setting.evidence for setting in settings} <= {"published", "derived"}, profile.name


def test_finds_a_profile_by_name_or_by_path(write: Write) -> None:
    assert find_profile("xeon-spr").name == "xeon-spr"
    assert find_profile(str(PROFILES_DIR / "xeon-spr.toml")).name == "xeon-spr"
    assert find_profile(str(write(GOOD))).name == "mine"


@pytest.mark.parametrize("name", ["xeon", "", "XEON-SPR", "README"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=r"no profile .*known are ampere-altra, .*xeon-spr"):
        find_profile(name)


def test_a_word_that_ends_like_a_file_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"xeon-spr\.toml: No such file"):
        find_profile("xeon-spr.toml")
