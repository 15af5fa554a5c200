"""Honest hosts, however odd, agree with themselves; `attacks/hosts.py` has those that do not."""

import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.machine import check_machine
from bench.errors import BundleError
from bench.hardware.detect import detect
from bench.records.machine import Cache, Machine
from tests.builders import make_machine, make_reason

MACHINES = Path(__file__).parents[2] / "data" / "machines"
RECORDED = sorted(MACHINES.glob("*.tar.gz"))


@pytest.mark.parametrize("recorded", RECORDED, ids=[path.name.removesuffix(".tar.gz") for path in RECORDED])
def test_every_recorded_machine_agrees_with_itself(recorded: Path, tmp_path: Path) -> None:
    with tarfile.open(recorded) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / "root"
    check_machine(detect(root if root.exists() else next(tmp_path.iterdir())))


def test_this_machine_agrees_with_itself() -> None:
    check_machine(detect())


def lacking_a_core() -> Machine:
    machine = make_machine()
    topology = replace(machine.topology, core_count=1, cores=machine.topology.cores[:1])
    return replace(machine, topology=topology)


def test_cpus_that_the_kernel_puts_on_no_core_are_noted() -> None:
    with pytest.raises(BundleError, match="has 1 CPUs on its cores, but 2 are online"):
        check_machine(lacking_a_core())
    check_machine(replace(lacking_a_core(), missing=(make_reason("cpus_without_topology", cpus="1"),)))


def test_a_guest_may_join_any_vendor_with_any_flags() -> None:
    machine = make_machine()
    guest = replace(machine.settings, hypervisor="kvm")
    cpu = replace(machine.cpu, isa=("amx_int8", "avx512f", "hypervisor", "svm"))
    check_machine(replace(machine, cpu=cpu, settings=guest))
    with pytest.raises(BundleError, match="the flag hypervisor, but the machine is not a guest"):
        check_machine(replace(machine, cpu=cpu))


def test_an_emulated_cpu_has_the_flags_that_its_emulator_shows() -> None:
    machine = make_machine()
    check_machine(replace(machine, cpu=replace(machine.cpu, emulated=True, isa=("amx_int8",))))


def test_caches_that_overlap_without_end_say_nothing() -> None:
    machine = make_machine()
    caches = (Cache(level=3, size_bytes=1 << 20, shared_by=("0", "1") * 10),)
    check_machine(replace(machine, topology=replace(machine.topology, caches=caches)))
