from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.profiles.check import check_profile_file, find_contradiction, same_match
from bench.profiles.load import PROFILES_DIR
from bench.records.profile import Match

FORM = """\
name = "{name}"
summary = "A profile of a test"
[match]
architecture = "x86_64"
isa = [{isa}]
[instance_per]
value = "node"
source = "a test"
evidence = "measured"

[openmp]
value = "gnu"
source = "a document"
evidence = "published"

[allocator]
value = "system"
source = "a document"
evidence = "published"
"""


def write(directory: Path, name: str, isa: str) -> Path:
    path = directory / f"{name}.toml"
    path.write_text(FORM.format(name=name, isa=isa))
    return path


@pytest.mark.parametrize("path", sorted(PROFILES_DIR.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_can_apply_and_differs_from_the_others(path: Path) -> None:
    assert check_profile_file(path).name == path.stem


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        pytest.param(
            Match(architecture="aarch64", vendor="GenuineIntel"),
            "vendor GenuineIntel makes x86_64 CPUs, not aarch64",
            id="vendor of the other architecture",
        ),
        pytest.param(
            Match(architecture="x86_64", microarchitecture=("zen4", "neoverse_v1")),
            "microarchitecture neoverse_v1 is aarch64, not x86_64",
            id="microarchitecture of the other architecture",
        ),
        pytest.param(
            Match(architecture="x86_64", vendor="GenuineIntel", microarchitecture=("zen4",)),
            "microarchitecture zen4 is made by AuthenticAMD, not by GenuineIntel",
            id="microarchitecture of another vendor",
        ),
        pytest.param(
            Match(architecture="x86_64", isa=("avx2", "sve", "bf16")),
            "no x86_64 CPU has the ISA flags sve bf16",
            id="Arm's flags on x86",
        ),
        pytest.param(
            Match(architecture="aarch64", isa=("bf16", "amx_tile", "avx512f")),
            "no aarch64 CPU has the ISA flags amx_tile avx512f",
            id="x86 flags on Arm",
        ),
        pytest.param(
            Match(architecture="aarch64", vendor="Somebody", microarchitecture=("new_core",), isa=("aes", "new_flag")),
            None,
            id="names that nothing is known of",
        ),
        pytest.param(
            Match(architecture="aarch64", vendor="ARM", microarchitecture=("neoverse_v2",), isa=("sve2",)),
            None,
            id="conditions that agree",
        ),
    ],
)
def test_finds_conditions_that_no_machine_satisfies(match: Match, reason: str | None) -> None:
    found = find_contradiction(match)
    assert (found and found[1]) == reason


def test_refuses_a_file_that_can_never_apply(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.toml:5: it can never apply: no x86_64 CPU has the ISA flags sve"):
        check_profile_file(write(tmp_path, "mine", '"sve"'))


def test_refuses_a_file_with_the_conditions_of_another(tmp_path: Path) -> None:
    write(tmp_path, "first", '"avx2", "fma"')
    with pytest.raises(UsageError, match=r"second\.toml:3: profile first has the same conditions"):
        check_profile_file(write(tmp_path, "second", '"fma", "avx2"'), tmp_path)


def test_a_profile_is_not_compared_with_itself(tmp_path: Path) -> None:
    assert check_profile_file(write(tmp_path, "only", '"avx2"'), tmp_path).name == "only"


def test_accepts_a_users_profile_besides_the_shipped_ones(tmp_path: Path) -> None:
    assert check_profile_file(write(tmp_path, "mine", '"avx2", "fma", "avx_vnni"')).name == "mine"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(Match(architecture="x86_64", isa=("b", "a"), system_vendor="amazon"), True, id="order and case"),
        pytest.param(Match(architecture="x86_64", isa=("a",), system_vendor="Amazon"), False, id="a flag less"),
        pytest.param(Match(architecture="aarch64", isa=("a", "b"), system_vendor="Amazon"), False, id="architecture"),
        pytest.param(Match(architecture="x86_64", isa=("a", "b")), False, id="no maker"),
    ],
)
def test_compares_conditions_and_not_their_spelling(other: Match, same: bool) -> None:
    assert same_match(Match(architecture="x86_64", isa=("a", "b"), system_vendor="Amazon"), other) == same
