from pathlib import Path

import archspec.cpu
import pytest

from bench.hardware.architecture import name_architecture
from bench.hardware.cpuinfo import parse_cpuinfo
from bench.hardware.second_opinion import ask_archspec

ARCHSPEC = Path(__file__).parents[2] / "data" / "machines" / "cpuinfo" / "archspec-json"


@pytest.mark.parametrize("name", sorted(file.name for file in ARCHSPEC.iterdir()))
def test_gives_archspecs_own_answers(name: str) -> None:
    info = parse_cpuinfo((ARCHSPEC / name).read_text(encoding="utf-8"))
    opinion = ask_archspec(
        info, "aarch64" if name_architecture(info) == "aarch64" else "x86_64", info.isa or frozenset()
    )
    assert opinion == name.rsplit("-", 1)[1]


def test_knows_no_model_that_archspec_does_not() -> None:
    info = parse_cpuinfo("processor : 0\nCPU implementer : 0x6d\nCPU part : 0xd49\nFeatures : asimd\n")
    assert ask_archspec(info, "aarch64", info.isa or frozenset()) == "aarch64"


def test_without_any_facts_it_is_the_architecture() -> None:
    assert ask_archspec(parse_cpuinfo(""), "x86_64", frozenset()) == "x86_64"


def test_broken_data_of_archspecs_give_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def values(self) -> list[object]:
            raise FileNotFoundError("ARCHSPEC_CPU_DIR")

    monkeypatch.setattr(archspec.cpu, "TARGETS", Broken())
    assert ask_archspec(parse_cpuinfo(""), "x86_64", frozenset({"sse2"})) is None
