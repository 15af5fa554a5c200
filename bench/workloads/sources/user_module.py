"""Import one file of the user, and nothing from beside it."""

import os
import sys
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from typing_extensions import override

from bench.errors import UsageError
from bench.records.source import LocatedSource
from bench.workloads.sources.locate import digest_bytes, read_whole


def load_user_module(located: LocatedSource) -> ModuleType:
    """Return the module of a file, imported once in a process, from the very bytes that its digest is of.

    The current folder becomes that for temporary files: a file that the code opens by a relative path is none of its
    source, and is not found.

    Raises:
        UsageError: the file was changed since it was hashed, is no Python, or imports what is not installed.
    """
    path = Path(located.path)
    name = f"workloads_of_{located.source.digest.removeprefix('sha256:')[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    content = read_whole(path)
    found = digest_bytes(content)
    if found != located.source.digest:
        raise UsageError(
            f"{located.source.name} was changed: it is {found}, the run began with {located.source.digest}"
        )
    os.chdir(os.environ["TMPDIR"])
    spec = spec_from_file_location(name, path, loader=_Loader(path, content))
    if spec is None or spec.loader is None:
        raise UsageError(f"{located.source.name}: cannot be imported from {path}")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UsageError(f"{located.source.name}, line {error.lineno}: {error.msg}") from error
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{located.source.name} imports {error.name}, which is not installed here; a file of workloads imports installed "
            "packages only, so put the code into it, or install it"
        ) from error
    return module


class _Loader(SourceLoader):
    """Loads bytes that were read and hashed before; caches nothing."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = str(path)
        self._content = content

    @override
    def get_filename(self, fullname: str) -> str:
        return self._path

    @override
    def get_data(self, path: str | bytes) -> bytes:
        if path != self._path:
            raise FileNotFoundError(path)
        return self._content
