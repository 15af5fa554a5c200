import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import MachineError
from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.detect import detect
from bench.hardware.process import MAX_UNREADABLE, Process, read_process
from bench.hardware.recording import RecordingTree, pack_recording
from bench.hardware.recording_scrub import cut_file, find_host_words, number_ids, scrub_recording
from bench.hardware.tree import Tree
from bench.records.machine import Machine
from tests.builders import make_reason
from tests.unit.hardware.conftest import MACHINES
from tests.unit.hardware.test_detect import PATHS, TEXTS

HOST = Path("/")
NAMES = sorted(path.name.removesuffix(".tar.gz") for path in MACHINES.glob("*.tar.gz"))
ID = "a877ed69b09b40517fba0f071480cb40"
POD = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"

Unpack = Callable[[str], Path]
Compose = Callable[[Mapping[str, str]], Path]

CPUINFO = "".join(
    f"processor : {cpu}\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nflags : sse2 avx2\n\n"
    for cpu in range(4)
)


def record(root: Path, process: Process | None = None) -> tuple[Machine, bytes]:
    tree = RecordingTree(root)
    process = process or read_process(tree, read_cpuinfo(tree))
    machine = detect(tree, process=process)
    return machine, pack_recording(scrub_recording(tree.recording, process))


def unpack(data: bytes, folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    assert [entry.name for entry in folder.iterdir()] == ["root"]
    return folder / "root"


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {info.name: archive.extractfile(info) for info in archive}
        return {name: file.read() if file is not None else b"" for name, file in files.items()}


def nameless(machine: Machine) -> Machine:
    return msgspec.structs.replace(machine, host_name="")


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_gives_the_same_machine(recorded: Unpack, tmp_path: Path, name: str) -> None:
    machine, data = record(recorded(name))
    assert machine == detect(recorded(name))
    assert detect(unpack(data, tmp_path)) == nameless(machine)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_of_a_recording_is_the_same_bytes(recorded: Unpack, tmp_path: Path, name: str) -> None:
    _, data = record(recorded(name))
    assert record(recorded(name))[1] == data
    assert record(unpack(data, tmp_path))[1] == data


@settings(max_examples=60)
@given(files=st.dictionaries(st.sampled_from(PATHS), TEXTS, min_size=1))
def test_broken_files_come_back_as_they_are(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    root = tmp_path_factory.mktemp("broken")
    for path, data in {"proc/cpuinfo": CPUINFO.encode(), **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    process = Process(architecture="x86_64", affinity=frozenset({1}))
    machine, packed = record(root, process)
    assert detect(unpack(packed, tmp_path_factory.mktemp("again"))) == machine


def test_this_host_comes_back_also_when_bound_to_one_cpu(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(before)})
        machine, data = record(HOST)
    finally:
        os.sched_setaffinity(0, before)
    assert machine.topology.allowed_cpus == str(max(before))
    assert detect(unpack(data, tmp_path)) == nameless(machine)


def test_an_emulated_user_space_comes_back(recorded: Unpack, tmp_path: Path) -> None:
    process = Process(architecture="aarch64", affinity=frozenset({0, 1}), hwcap=0x119FFB, hwcap2=1 << 63)
    machine, data = record(recorded("nto-icelake-guest"), process)
    assert machine.cpu.emulated
    assert machine.cpu.architecture == "aarch64"
    assert detect(unpack(data, tmp_path)) == machine


def test_cpus_that_a_false_online_file_hides_come_back(compose: Compose, tmp_path: Path) -> None:
    root = compose({"machine/proc/cpuinfo": CPUINFO, "machine/sys/devices/system/cpu/online": "0-1\n"}) / "machine"
    machine, data = record(root, Process(architecture="x86_64", affinity=frozenset({2, 3})))
    assert machine.topology.allowed_cpus == "2-3"
    assert detect(unpack(data, tmp_path / "again")) == machine


def test_what_cannot_be_read_is_named_again(compose: Compose, tmp_path: Path) -> None:
    root = compose({"machine/proc/cpuinfo": CPUINFO}) / "machine"
    (root / "proc/meminfo").mkdir()
    (root / "proc/version").symlink_to("/etc/hostname")
    machine, data = record(root)
    for path, problem in (("proc/meminfo", "not_a_regular_file"), ("proc/version", "outside_tree")):
        assert make_reason("unreadable", path=path, problem=problem) in machine.missing
    again = detect(unpack(data, tmp_path / "again"))
    assert {repr(note) for note in again.missing} == {repr(note) for note in machine.missing}
    assert msgspec.structs.replace(again, missing=()) == msgspec.structs.replace(machine, missing=())


def test_so_many_notes_are_recorded_as_can_be_read_back_without_the_host_s_name(
    compose: Compose, tmp_path: Path
) -> None:
    tree = RecordingTree(compose({"machine/proc/cpuinfo": CPUINFO}) / "machine")
    assert detect(tree, process=Process(architecture="x86_64")).missing
    for number in range(MAX_UNREADABLE + 5):
        tree.note_unread(make_reason("unreadable", path=f"{number} abc", problem="EACCES"))
    packed = pack_recording(scrub_recording(tree.recording, Process(architecture="x86_64", host_name="abc")))
    again = Tree(unpack(packed, tmp_path / "again"))
    assert read_process(again, read_cpuinfo(again)) == Process(architecture="x86_64")
    assert len(again.missing) == MAX_UNREADABLE
    assert again.missing[1] == make_reason("unreadable", path="1 host", problem="EACCES")


def test_links_are_packed_as_what_they_lead_to(compose: Compose, tmp_path: Path) -> None:
    root = compose({"machine/proc/real": CPUINFO, "machine/sys/devices/system/node/real/cpulist": "0-3\n"}) / "machine"
    (root / "proc/cpuinfo").symlink_to("real")
    (root / "sys/devices/system/node/node0").symlink_to("real")
    machine, data = record(root)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert all(info.isreg() or info.isdir() for info in archive)
    assert detect(unpack(data, tmp_path / "again")) == machine
    assert machine.topology.nodes[0].cpus == "0-3"


def test_headers_say_nothing_of_who_packed(compose: Compose) -> None:
    files = {"machine/proc/cpuinfo": CPUINFO, "machine/sys/devices/system/cpu/cpu0/cache/unreadable": ""}
    _, data = record(compose(files) / "machine")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        infos = list(archive)
    assert [info.name for info in infos] == sorted(info.name for info in infos)
    assert {(info.uid, info.gid, info.uname, info.gname, info.mtime) for info in infos} == {(0, 0, "", "", 0)}
    assert {(info.isdir(), info.mode) for info in infos} == {(False, 0o644), (True, 0o755)}
    assert data[4:8] == bytes(4)


def test_a_planted_host_name_is_nowhere(compose: Compose, tmp_path: Path) -> None:
    group = f"/kubepods/pod{POD}/{ID}/turing-7.example.org"
    mount = f"sys/fs/cgroup{group}"
    root = compose(
        {
            "machine/proc/cpuinfo": CPUINFO.replace("flags", "model name : Turing-7 CPU\nflags"),
            "machine/proc/sys/kernel/hostname": "turing-7.example.org\n",
            "machine/proc/version": "Linux version 6.1.0-turing-7 (me@turing-7.example.org) (gcc 12) #1\n",
            "machine/proc/self/cgroup": f"0::{group}\n",
            "machine/proc/self/mountinfo": (
                "1 2 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n3 4 0:2 / /home rw - nfs turing-7:/home rw\n"
            ),
            f"machine/{mount}/cpu.max": "150000 100000\n",
            f"machine/{mount}/memory.max": "max\n",
            "machine/sys/class/dmi/id/product_name": "TURING-7",
        }
    )
    machine, data = record(root / "machine")
    assert machine.host_name == "turing-7.example.org"
    everything = b"\n".join([part for name, text in members(data).items() for part in (name.encode(), text)])
    for planted in (b"turing", b"example.org", b"nfs", ID.encode(), POD.encode()):
        assert planted not in everything.lower()
    again = detect(unpack(data, tmp_path / "again"))
    assert again.limits == machine.limits
    assert again.limits.cpu_quota == 1.5
    assert again.limits.container == "kubernetes"
    assert again.settings.kernel == "6.1.0-host"


@pytest.mark.parametrize(
    "name", ["product_serial", "product_uuid", "board_serial", "chassis_serial", "board_asset_tag"]
)
def test_serial_numbers_of_the_firmware_are_not_packed(compose: Compose, name: str) -> None:
    files = {"proc/cpuinfo": CPUINFO, "sys/class/dmi/id/sys_vendor": "QEMU\n", f"sys/class/dmi/id/{name}": "SECRET\n"}
    _, data = record(compose(files))
    assert "root/sys/class/dmi/id/sys_vendor" in members(data)
    assert not any(b"SECRET" in text for text in members(data).values())
    assert cut_file(f"sys/class/dmi/id/{name}", "SECRET\n") is None


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        pytest.param("proc/sys/kernel/hostname", "node7\n", None, id="the host's name is not packed"),
        pytest.param("proc/self/auxv", "\x10\0\0", None, id="addresses of the process are not packed"),
        pytest.param("bench-recording.json", "{}", None, id="the statement of an earlier recording is made anew"),
        pytest.param("etc/machine-id", "0f\n", None, id="the machine's id is not packed"),
        pytest.param("proc/sys/kernel/random/boot_id", "0f\n", None, id="the boot's id is not packed"),
        pytest.param(
            "proc/cpuinfo",
            "processor\t: 0\n\nSerial\t\t: 10000000abcdef\nModel\t\t: Raspberry Pi 5\n",
            "processor\t: 0\n\nSerial\t\t:\nModel\t\t: Raspberry Pi 5\n",
            id="a board's serial number is blanked",
        ),
        pytest.param(
            "proc/self/status",
            "Name:\tbench\nUid:\t1000\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n",
            "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n",
            id="of the process's state the allowed CPUs and nodes are kept",
        ),
        pytest.param(
            "proc/version",
            "Linux version 6.1.0-13-amd64 (me@builder) (gcc 12.2.0) #1 SMP\n",
            "Linux version 6.1.0-13-amd64\n",
            id="who built the kernel is cut off",
        ),
        pytest.param("proc/version", "FreeBSD me@builder\n", "", id="another kernel's version is blanked"),
        pytest.param(
            "proc/self/mountinfo",
            "1 2 8:1 / / rw - ext4 /dev/disk/by-uuid/12 rw\n3 4 0:1 / /c rw - cgroup cgroup rw,cpu\nbroken\n",
            "3 4 0:1 / /c rw - cgroup cgroup rw,cpu\n",
            id="of the mounts those of control groups are kept",
        ),
        pytest.param(
            "proc/mounts",
            "server:/home /home nfs rw 0 0\nnone /dev/cpuset cpuset rw 0 0\ncgroup2 /c cgroup2 rw 0 0\n",
            "none /dev/cpuset cpuset rw 0 0\ncgroup2 /c cgroup2 rw 0 0\n",
            id="of the old table of mounts, too",
        ),
        pytest.param("proc/meminfo", "MemTotal: 1 kB\n", "MemTotal: 1 kB\n", id="what names nobody is kept"),
    ],
)
def test_files_are_cut_to_what_detection_needs(path: str, text: str, kept: str | None) -> None:
    assert cut_file(path, text) == kept


@pytest.mark.parametrize(
    ("host_name", "words"),
    [
        ("turing", ("turing",)),
        ("turing.example.org", ("turing", "turing.example.org")),
        ("", ()),
        ("pi", ()),
        ("100000", ()),
        ("localhost.localdomain", ("localhost.localdomain",)),
        ("CPU", ()),
        ("docker", ()),
    ],
)
def test_a_host_name_is_taken_out_unless_any_host_may_be_called_so(host_name: str, words: tuple[str, ...]) -> None:
    assert find_host_words(host_name) == words


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        pytest.param([f"/docker/{ID}"], {ID: "0" * 32}, id="the first id is zeros"),
        pytest.param(
            [f"/docker/{ID}", f"/docker/{ID[::-1]}", ID],
            {ID[::-1]: "0" * 32, ID: "0" * 31 + "1"},
            id="different ids stay different, equal ones equal",
        ),
        pytest.param([f"/pod{POD}"], {POD: "0" * 36}, id="a UUID is one id"),
        pytest.param(
            [f"kubepods-pod{POD.replace('-', '_')}.slice"], {POD.replace("-", "_"): "0" * 36}, id="as systemd writes it"
        ),
        pytest.param(["/user.slice/user-1000.slice/session-12.scope", "/sys/fs/cgroup/cpuacct"], {}, id="words stay"),
    ],
)
def test_ids_become_numbers_of_the_same_length(texts: list[str], numbers: dict[str, str]) -> None:
    assert dict(number_ids(texts)) == numbers


def test_groups_of_different_ids_stay_apart(compose: Compose, tmp_path: Path) -> None:
    """A container that sees its host's path, while another group is mounted: the limit is the mount point's."""
    other = ID[::-1]
    root = compose(
        {
            "machine/proc/cpuinfo": CPUINFO,
            "machine/proc/self/cgroup": f"0::/docker/{ID}/inner\n",
            "machine/proc/self/mountinfo": f"1 2 0:1 /docker/{other} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "machine/sys/fs/cgroup/memory.max": "4096\n",
            "machine/sys/fs/cgroup/inner/memory.max": "1024\n",
        }
    )
    machine, data = record(root / "machine")
    assert machine.limits.memory_bytes == 4096
    assert detect(unpack(data, tmp_path / "again")) == machine


def test_groups_found_in_their_default_places_come_back(compose: Compose, tmp_path: Path) -> None:
    root = compose({"machine/proc/cpuinfo": CPUINFO, "machine/sys/fs/cgroup/memory/memory.limit_in_bytes": "8192\n"})
    (root / "machine/sys/fs/cgroup/link").symlink_to("/etc")
    machine, data = record(root / "machine")
    assert members(data)["root/sys/fs/cgroup/link"] == b""
    assert machine.limits.memory_bytes == 8192
    assert detect(unpack(data, tmp_path / "again")) == machine


def test_a_machine_that_cannot_be_detected_can_be_recorded(compose: Compose) -> None:
    tree = RecordingTree(compose({"proc/cpuinfo": "nothing here\n"}))
    with pytest.raises(MachineError, match="name no online CPU"):
        detect(tree)
    packed = members(pack_recording(scrub_recording(tree.recording, Process(architecture="x86_64"))))
    assert packed["root/proc/cpuinfo"] == b"nothing here\n"


def test_a_path_that_climbs_is_not_packed(compose: Compose) -> None:
    tree = RecordingTree(compose({"a/file": "1", "b": "2"}))
    assert tree.text("a/../b") == "2"
    assert tree.has("a/../b")
    assert tree.has("a/.")
    assert tree.recording.files == {}
    assert tree.recording.folders == {"a"}
