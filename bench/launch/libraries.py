"""OpenMP runtimes and allocators: where they are installed, and which of them a process uses.

LD_PRELOAD loads them before torch. Whether that had an effect is read from the worker's own maps, and from where the
dynamic linker finds `GOMP_parallel`, which torch's kernels call, and `posix_memalign`: a library can be in memory and
never be called.
"""

import ctypes
import hashlib
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.errors import EnvironmentUnfitError
from bench.records.effective import Library, LibraryRole, find_effective
from bench.records.profile import Runtime
from bench.records.reason import Reason


class Installed(NamedTuple):
    """A library as it is installed.

    Attributes:
        files: Names that it may have below one of `search_folders`; the first found is taken.
        package: What to install, in words for the user.
    """

    files: tuple[str, ...]
    package: str


LIBRARIES: Mapping[str, Installed] = MappingProxyType(
    {
        "intel": Installed(("libiomp5.so",), "the package intel-openmp of the lock (x86-64 only)"),
        "llvm": Installed(
            ("cmeel.prefix/lib/libomp.so", "libomp.so.5"),
            "the package cmeel-libomp of the lock, or the system's (Debian, Ubuntu: libomp5; Fedora, RHEL: libomp)",
        ),
        "jemalloc": Installed(
            ("libjemalloc.so.2",),
            "it (Debian, Ubuntu: apt-get install libjemalloc2; Fedora, RHEL: dnf install jemalloc)",
        ),
        "tcmalloc": Installed(
            ("libtcmalloc_minimal.so.4",),
            "it (Debian, Ubuntu: apt-get install libtcmalloc-minimal4; Fedora, RHEL: dnf install gperftools-libs)",
        ),
    }
)
"""Libraries that are loaded before torch. `gnu` comes with torch, `system` with the C library."""

_FILE_NAMES: tuple[tuple[LibraryRole, str, str], ...] = (
    ("openmp", "gnu", r"libgomp\b"),
    ("openmp", "intel", r"libiomp5\b"),
    ("openmp", "llvm", r"libomp\b"),
    ("allocator", "jemalloc", r"libjemalloc\b"),
    ("allocator", "tcmalloc", r"libtcmalloc(_minimal)?\b"),
    ("allocator", "system", r"libc\.so\b|libc-2"),
)
"""Role, name, and how the file's name begins."""

_SEPARATORS = frozenset(" :")
"""LD_PRELOAD is split at these, and there is no way to quote them."""

_ENTRY: dict[LibraryRole, str] = {"openmp": "GOMP_parallel", "allocator": "posix_memalign"}
"""The functions that torch calls to start threads, and to allocate a tensor. Not `malloc`: a program that takes its
address and is linked to a fixed place, such as Debian's python3.11, provides it before all libraries (ELF's canonical
address)."""

_CALLER = "libtorch_cpu.so"
"""The library that makes those calls."""


class _SymbolPlace(ctypes.Structure):
    """`Dl_info` of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def search_folders() -> tuple[Path, ...]:
    """Return where libraries are looked for: this Python environment first, then the system."""
    environment = (Path(sys.prefix) / "lib", Path(sysconfig.get_path("purelib")))
    system = (f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
    return (*environment, *map(Path, system))


def find_preloads(runtime: Runtime, folders: Sequence[Path] | None = None) -> tuple[Path, ...]:
    """Find the files to load before torch; none for torch's own runtime and the C library's allocator.

    Args:
        runtime: Of a layout.
        folders: Where to look, `search_folders()` if None.

    Raises:
        EnvironmentUnfitError: one is not installed; names the package.
    """
    wanted = ((f"--openmp {runtime.openmp}", runtime.openmp), (f"--allocator {runtime.allocator}", runtime.allocator))
    folders = search_folders() if folders is None else folders
    return tuple(_find(option, name, folders) for option, name in wanted if name in LIBRARIES)


def find_library(name: str, folders: Sequence[Path] | None = None) -> Path | None:
    """Return the file of an OpenMP runtime or allocator of `LIBRARIES`; None if it is not installed.

    Args:
        name: Of the library.
        folders: Where to look, `search_folders()` if None.
    """
    paths = (
        folder / file for folder in (search_folders() if folders is None else folders) for file in LIBRARIES[name].files
    )
    return next((path for path in paths if path.is_file() and not set(str(path)) & _SEPARATORS), None)


def _find(option: str, name: str, folders: Sequence[Path]) -> Path:
    installed, path = LIBRARIES[name], find_library(name, folders)
    if path is not None:
        return path
    default = "--openmp gnu" if option.startswith("--openmp") else "--allocator system"
    raise EnvironmentUnfitError(
        f"the layout wants {option}, but {installed.files[-1]} is not installed: install {installed.package}, "
        f"or run with {default}, which is recorded"
    )


def read_libraries(root: Path = Path("/")) -> tuple[Library, ...]:
    """Read which OpenMP runtimes and allocators are in this process's memory, and which of them it calls.

    Args:
        root: Where `/proc` is.
    """
    files = _read_mapped_files(root)
    caller = _find_caller(files)
    called = {role: find_symbol(symbol, caller) for role, symbol in _ENTRY.items()}
    return tuple(
        Library(
            role=role,
            name=name,
            file=path.name,
            digest=f"sha256:{_digest(path)}",
            effective=_is_same_file(called[role], path),
        )
        for path in files
        for role, name in _find_roles(path.name)
        if path.is_file()
    )


def open_openmp() -> ctypes.CDLL | None:
    """Return the OpenMP runtime that this process calls, which is loaded already; None if it calls none."""
    path = find_symbol(_ENTRY["openmp"], _find_caller(_read_mapped_files(Path("/"))))
    return None if path is None else next(_open_loaded(path), None)


def _read_mapped_files(root: Path) -> tuple[Path, ...]:
    try:
        return mapped_files((root / "proc/self/maps").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ()


def _find_caller(files: Sequence[Path]) -> Path | None:
    return next((path for path in files if path.name == _CALLER), None)


def mapped_files(maps: str) -> tuple[Path, ...]:
    """Return the files in the text of `/proc/self/maps`, each once, in the order of their addresses."""
    found = re.findall(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ +(/.*)$", maps, re.MULTILINE | re.ASCII)
    return tuple(Path(name) for name in dict.fromkeys(found))


def find_symbol(name: str, caller: Path | None = None) -> Path | None:
    """Return the file in which the dynamic linker finds a function; None if it finds none.

    It looks in the global scope, which holds the program's libraries and preloaded ones, and then among the caller's
    own dependencies (ld.so(8), dlopen(3)). On x86-64 torch's OpenMP runtime is in the global scope, on Arm it is a
    dependency.

    Args:
        name: Of the function.
        caller: A loaded library that calls it.
    """
    process = ctypes.CDLL(None)
    scopes = [process] if caller is None else [process, *_open_loaded(caller)]
    for scope in scopes:
        try:
            address = ctypes.cast(getattr(scope, name), ctypes.c_void_p)
        except AttributeError:
            continue
        place = _SymbolPlace()
        if process.dladdr(address, ctypes.byref(place)) and place.file is not None:
            return Path(place.file.decode(errors="replace"))
    return None


def _open_loaded(path: Path) -> Iterator[ctypes.CDLL]:
    """Yield a handle of a library if it is loaded already."""
    with suppress(OSError):
        yield ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)


def find_library_problem(runtime: Runtime, libraries: Sequence[Library]) -> Reason | None:
    """Compare what is loaded with what was planned; return the first difference, None if there is none."""
    planned: tuple[tuple[LibraryRole, str], ...] = (("openmp", runtime.openmp), ("allocator", runtime.allocator))
    for role, wanted in planned:
        used = [library.name for library in find_effective(libraries, role)]
        if used != [wanted]:
            values = {"role": role, "planned": wanted}
            if not used:
                return Reason(code="library_unknown", values=values)
            return Reason(code="library_differs", values=values | {"found": " ".join(used)})
    return None


def _find_roles(file: str) -> Iterator[tuple[LibraryRole, str]]:
    for role, name, pattern in _FILE_NAMES:
        if re.match(pattern, file):
            yield role, name


def _is_same_file(called: Path | None, path: Path) -> bool:
    """Return whether both are one file. The linker names the program as it was typed, which need not be a path."""
    try:
        return called is not None and path.samefile(called)
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
