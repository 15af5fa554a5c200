"""`python -P -s PATH/start.py MODULE ARGUMENT...`: run a module of the bench that this file belongs to.

`python -m MODULE` would run the bench that the interpreter has installed, if any. The folder that holds `bench/` may
hold anything else, as a checkout does, so nothing but `bench` is imported from it. `bench.launch.isolation` makes the
command.

Run by its path without being a script (`runpy.run_path`), it only imports `bench`.
"""

import site
import sys
from pathlib import Path
from runpy import run_module


def import_bench() -> None:
    """Import `bench` from beside this file. Later imports of its modules use its own path."""
    folder = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, folder)
    import bench  # noqa: F401 - for what it makes importable

    if folder in site.getsitepackages():
        del sys.path[0]
    else:  # also where a .pth file adds it
        sys.path[:] = [entry for entry in sys.path if entry != folder]


import_bench()
if __name__ == "__main__":
    del sys.argv[0]
    run_module(sys.argv[0], run_name="__main__", alter_sys=True)
