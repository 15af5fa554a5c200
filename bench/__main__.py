"""The program: `python -m bench`, the command `bench`, and `entrypoint.py`.

Nothing is imported here before the interpreter is isolated.
"""

from bench.launch.isolation import isolate


def main() -> None:
    """Isolate the interpreter, then run the command line."""
    isolate()
    from bench.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
