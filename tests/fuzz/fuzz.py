"""Fuzz one target under atheris, guided by coverage, until its time is over or it raises against its contract.

    python tests/fuzz/fuzz.py TARGET SECONDS FOLDER

FOLDER keeps the corpus, and what made a target crash.
"""

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bench"]):
    from tests.fuzz.targets import SEEDS, attempt


def main(name: str, seconds: str, folder: Path) -> None:
    """Run libFuzzer; it ends the process itself, with another status than 0 if something was found."""
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(SEEDS.get(name, ())):
        (corpus / f"seed-{index}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}{os.sep}{name}-",
        "-max_len=300000",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: attempt(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
