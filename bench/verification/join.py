"""Run by path, first of all, in a process that works on bundles: it cannot import anything of bench before.

Nothing but `bench` is imported from the folder that holds `bench/`, so that folder is in no process's `sys.path`; and
Python's fork server gives its children the parent's `sys.path`, and no module that the parent has loaded.
"""

import runpy
import signal
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[1] / "launch" / "start.py"))

# Ctrl-C and the end of a terminal reach the whole process group: the parent handles them.
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
