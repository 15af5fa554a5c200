"""`python -m bench.worker.describe`: the software of the interpreter that this runs in, on standard output."""

import sys

from bench.bundle.environment import describe_environment
from bench.records.record import encode_json


def main() -> None:
    """Describe it, and make sure first that a worker could begin."""
    import torch

    del torch
    sys.stdout.buffer.write(encode_json(describe_environment()))


if __name__ == "__main__":
    main()
