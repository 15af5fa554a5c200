"""Plans for recorded machines."""

import json
import tarfile
from pathlib import Path

import pytest

from bench.records.plan import Plan
from bench.records.record import decode_json
from tests.unit.cli.conftest import Invoke

MACHINES = Path(__file__).parents[2] / "data" / "machines"
OPTIONS = ("--suite", "smoke", "--layout", "latency,throughput", "--json")


def every_second(first: int, stop: int) -> str:
    return ",".join(str(cpu) for cpu in range(first, stop, 2))


def unpack(name: str, folder: Path) -> str:
    with tarfile.open(MACHINES / f"{name}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return str(folder / "root")


@pytest.mark.parametrize(
    ("name", "profile", "throughput"),
    [
        # CPUs alternate between its nodes, and SMT siblings idle.
        pytest.param(
            "nto-xeon-6330", "xeon-icx", [every_second(0, 56), every_second(1, 56)], id="a server with two nodes"
        ),
        pytest.param("qemu-neoverse-n1", "ampere-altra", ["0-3", "4-7"], id="another architecture"),
        pytest.param("hwloc-i7-1370p", "generic-x86-64-v3", ["0,2,4,6,8,10"], id="a hybrid part"),
    ],
)
def test_a_dry_run_plans_for_a_recorded_machine(
    invoke: Invoke, tmp_path: Path, name: str, profile: str, throughput: list[str]
) -> None:
    outcome = invoke("run", "--dry-run", "--root", unpack(name, tmp_path), *OPTIONS)
    assert outcome.status == 0, outcome.err
    plan = decode_json(outcome.out.encode(), Plan, source="-")
    assert plan.profile.name == profile
    layout = next(layout for layout in plan.layouts if layout.name == "throughput")
    assert [binding.cpus for binding in layout.instances] == throughput


def test_a_plan_for_a_recorded_machine_does_not_need_its_libraries_here(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.launch.libraries.search_folders", lambda: ())
    options = ("--openmp", "intel", "--allocator", "tcmalloc", *OPTIONS)
    assert invoke("run", "--dry-run", *options).status == 7
    assert invoke("run", "--dry-run", "--root", unpack("nto-xeon-6330", tmp_path), *options).status == 0


def test_a_recorded_machine_is_not_measured(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("run", "--root", str(tmp_path), "--suite", "smoke")
    assert outcome.status == 2
    assert outcome.err == f"bench: --root {tmp_path}: a recorded machine can only be planned for; add --dry-run\n"


def test_profiles_that_fit_a_recorded_machine_are_shown_with_their_layouts(invoke: Invoke, tmp_path: Path) -> None:
    root = unpack("qemu-neoverse-n1", tmp_path)
    lines = invoke("profiles", "fit", "--root", root).out.splitlines()
    assert "profile ampere-altra" in lines
    assert "    instance 1: CPUs 4-7, memory nodes 1, 4 threads" in lines
    assert "not xeon-spr: wants architecture = x86_64; this machine has aarch64" in lines
    fits = json.loads(invoke("profiles", "fit", "--root", root, "--json").out)
    assert fits["chosen"] == "ampere-altra"
    layouts = {fit["profile"]: fit.get("layouts", []) for fit in fits["profiles"]}
    assert [binding["cpus"] for binding in layouts["generic-arm64"][1]["instances"]] == ["0-3", "4-7"]
    assert layouts["xeon-spr"] == []


def test_an_amd_hybrid_is_planned_on_its_fast_cores(invoke: Invoke, tmp_path: Path) -> None:
    # Strix Point in small: two cores of Zen 5, two of Zen 5c, with SMT.
    cpu = tmp_path / "sys/devices/system/cpu"
    blocks = []
    for number in range(8):
        for folder, name, text in (
            (cpu / f"cpu{number}/topology", "core_cpus_list", f"{number % 4},{number % 4 + 4}"),
            (cpu / f"cpufreq/policy{number}", "cpuinfo_max_freq", "5157895" if number % 4 < 2 else "3289474"),
        ):
            folder.mkdir(parents=True)
            (folder / name).write_text(f"{text}\n")
        flags = "abm avx avx2 bmi1 bmi2 cx16 f16c fma lahf_lm movbe pni popcnt sse4_1 sse4_2 ssse3 xsave"
        blocks.append(f"processor : {number}\nvendor_id : AuthenticAMD\ncpu family : 26\nmodel : 36\nflags : {flags}\n")
    (cpu / "online").write_text("0-7\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("\n".join(blocks))
    outcome = invoke("profiles", "fit", "--root", str(tmp_path))
    assert outcome.status == 0
    assert "    instance 0: CPUs 0-1, memory nodes any, 2 threads" in outcome.out
    assert "idle CPUs: 2-3,6-7 (efficiency cores; only performance cores are used)" in outcome.out


def test_a_machine_that_no_profile_fits_is_an_error(invoke: Invoke, tmp_path: Path) -> None:
    root = unpack("nri-cpuless-nodes", tmp_path)
    outcome = invoke("profiles", "fit", "--root", root)
    assert outcome.status == 7
    assert "the flags of this CPU are unknown (not shown)" in outcome.out
    assert outcome.err.startswith("bench: no profile fits this machine")
