"""The program of the image, and of a checkout without installing: the same as `python -m bench`."""

import sys
from os.path import abspath, dirname

# An isolated interpreter does not look beside this file.
sys.path.insert(0, dirname(abspath(__file__)))  # noqa: PTH100, PTH120 - no pathlib before bench has isolated itself
from bench.__main__ import main

del sys.path[0]

if __name__ == "__main__":
    main()
