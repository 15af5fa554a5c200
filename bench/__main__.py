"""The program: `python -m bench`, the command `bench`, and `entrypoint.py`.

Nothing is imported here before the interpreter is isolated.
"""

import sys

from bench.launch.isolation import UNFIT, isolate


def main() -> None:
    """Isolate the interpreter, then run the command line."""
    isolate()
    try:
        from bench.cli.main import main as run_command
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"bench: no package {error.name} is installed for {sys.executable}; PYTHONPATH and the user's own packages "
            "are not used: install those of images/requirements.lock, as make run does\n"
        )
        raise SystemExit(UNFIT) from error
    run_command()


if __name__ == "__main__":
    main()
