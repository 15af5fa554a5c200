"""Let Apache Otava judge series as they grow: runs in an environment of its own, and knows nothing of bench.

Reads a list of series from standard input, each a list of values. Writes for each series, and for each number of its first
values from `FIRST` on, that number and where changes are placed, with Otava's defaults.
"""

import json
import sys

from otava.analysis import compute_change_points  # type: ignore[import-not-found]

FIRST = 10
EVERY = 2
"""Every second night is looked at: each look takes tenths of a second."""


def main() -> None:
    """Judge what standard input holds."""
    answer = []
    for values in json.load(sys.stdin):
        looks = []
        for count in range(FIRST, len(values) + 1, EVERY):
            points, _ = compute_change_points(values[:count])
            looks.append((count, [int(point.index) for point in points]))
        answer.append(looks)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
