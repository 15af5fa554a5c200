import hashlib
import platform
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.bundle.environment import (
    describe_distributions,
    describe_environment,
    digest_record,
    read_cpu_evidence,
    select_variables,
)
from bench.records.bundle import Distribution

RECORD = """\
numpy/__init__.py,sha256=AAA,10
"numpy/a,b.py",sha256=BBB,10
numpy/__pycache__/a.cpython-311.pyc,,
../../../bin/f2py,sha256=CCC,10
numpy-2.3.0.dist-info/RECORD,,
numpy-2.3.0.dist-info/INSTALLER,sha256=DDD,4
numpy-2.3.0.dist-info/METADATA,sha256=EEE,4
numpy-2.3.0.dist-info/REQUESTED,sha256=FFF,4
numpy-2.3.0.dist-info/direct_url.json,sha256=FFF,4
broken
"""
STABLE = b"numpy-2.3.0.dist-info/METADATA,sha256=EEE\nnumpy/__init__.py,sha256=AAA\nnumpy/a,b.py,sha256=BBB\n"


def install(folder: Path, name: str, version: str = "1.0", *, record: str | None = None) -> PathDistribution:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if record is not None:
        (info / "RECORD").write_text(record)
    return PathDistribution(info)


def test_a_package_is_known_by_what_is_the_same_in_every_installation() -> None:
    assert digest_record(RECORD) == f"sha256:{hashlib.sha256(STABLE).hexdigest()}"
    moved = RECORD.replace("sha256=CCC", "sha256=XXX").replace("sha256=DDD", "sha256=YYY")
    assert digest_record("\n".join(reversed(moved.splitlines()))) == digest_record(RECORD)


def test_a_package_is_known_by_each_of_its_files() -> None:
    assert digest_record(RECORD.replace("sha256=AAA", "sha256=XXX")) != digest_record(RECORD)


def test_a_package_is_known_however_its_installer_spells_paths() -> None:
    by_pip = "../../libumf.so,sha256=AAA,1\n../../../include/umf.h,sha256=BBB,1\n../../../bin/umf,sha256=CCC,1\n"
    by_another = (
        "../../../lib/libumf.so,sha256=AAA,1\n../../../include/umf.h,sha256=BBB,1\n./../../../bin/umf,sha256=D,1\n"
    )
    assert digest_record(by_another) == digest_record(by_pip)
    assert digest_record(by_pip.replace("libumf", "umf/libumf")) != digest_record(by_pip)


def test_packages_are_listed_once_by_normalised_name_without_bench(tmp_path: Path) -> None:
    installed = [
        install(tmp_path / "first", "torch_geometric", "2.8.1", record=RECORD),
        install(tmp_path / "first", "Jinja2"),
        install(tmp_path / "first", "bench"),
        install(tmp_path / "later", "Torch.Geometric", "1.0"),
    ]
    assert describe_distributions(installed) == (
        Distribution(name="Jinja2", version="1.0", digest=None),
        Distribution(name="torch_geometric", version="2.8.1", digest=digest_record(RECORD)),
    )


def test_remains_of_a_removed_package_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "gone-1.0.dist-info"
    folder.mkdir()
    assert describe_distributions([PathDistribution(folder)]) == ()


def test_only_variables_that_can_move_numbers_are_kept() -> None:
    given = {
        "OMP_NUM_THREADS": "4",
        "LD_PRELOAD": "/usr/lib/libtcmalloc.so",
        "TORCHINDUCTOR_FREEZING": "1",
        "TORCHX_TOKEN": "secret",
        "PYTORCH_UPLOAD_SECRET": "secret",
        "AWS_ACCESS_KEY_ID": "secret",
        "HOME": "/home/me",
        "PATH": "/usr/bin",
    }
    assert list(select_variables(given)) == ["LD_PRELOAD", "OMP_NUM_THREADS", "TORCHINDUCTOR_FREEZING"]


def test_values_that_are_no_text_are_escaped() -> None:
    assert select_variables({"LD_PRELOAD": "/a\udcff.so"}) == {"LD_PRELOAD": "/a\\udcff.so"}


def test_describes_this_process() -> None:
    environment = describe_environment(cpu_evidence=lambda: {"brand_raw": "Test CPU"})
    names = {distribution.name for distribution in environment.distributions}
    assert {"torch", "msgspec", "cryptography"} <= names
    assert environment.implementation == f"CPython {platform.python_version()}"
    assert environment.lock_digest is not None
    assert environment.cpu_evidence == {"brand_raw": "Test CPU"}


def test_takes_what_it_is_given(tmp_path: Path) -> None:
    environment = describe_environment(
        tmp_path,
        variables={"BENCH_REVISION": "a" * 40, "KMP_BLOCKTIME": "1"},
        installed=[install(tmp_path, "numpy")],
        cpu_evidence=dict,
    )
    assert environment.source_revision == "a" * 40
    assert environment.lock_digest is None
    assert environment.variables == {"KMP_BLOCKTIME": "1"}
    assert environment.distributions == (Distribution(name="numpy", version="1.0", digest=None),)


def test_evidence_of_the_cpu_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    info = {"brand_raw": "Test CPU", "family": 6, "stepping": "", "flags": ["avx2"], "count": 2}
    monkeypatch.setitem(sys.modules, "cpuinfo", SimpleNamespace(get_cpu_info=lambda: info))
    assert read_cpu_evidence() == {"brand_raw": "Test CPU", "family": "6"}


def test_a_failure_of_the_evidence_is_recorded_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise Exception("py-cpuinfo only works on X86")  # noqa: TRY002 - it raises just that

    monkeypatch.setitem(sys.modules, "cpuinfo", SimpleNamespace(get_cpu_info=fail))
    assert read_cpu_evidence() == {"error": "Exception: py-cpuinfo only works on X86"}
