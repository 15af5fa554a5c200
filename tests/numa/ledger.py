"""Print a line for each check, with what was found and what was wanted, and count them."""

import sys
from collections.abc import Callable


class Ledger:
    """The checks of one boot.

    Attributes:
        passed, failed: How many so far.
    """

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def equal(self, what: str, found: object, wanted: object) -> None:
        """Check that a value is exactly what it has to be."""
        self._enter(what, f"found {found!r}", f"wanted {wanted!r}", holds=found == wanted)

    def true(self, what: str, found: bool | None) -> None:
        """Check that something holds."""
        self._enter(what, f"found {found}", "wanted True", holds=found is True)

    def false(self, what: str, found: bool | None) -> None:
        """Check that something does not hold."""
        self._enter(what, f"found {found}", "wanted False", holds=found is False)

    def within(self, what: str, found: float, low: float, high: float) -> None:
        """Check that a value lies between two limits, or on one of them."""
        self._enter(what, f"found {found}", f"wanted {low} to {high}", holds=low <= found <= high)

    def run(self, checks: Callable[["Ledger"], None]) -> None:
        """Run a group of checks; a group that raises has failed."""
        try:
            checks(self)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the other groups still run
            error_text = " ".join(f"{type(error).__name__}: {error}".split())
            self._enter(f"{checks.__module__}.{checks.__name__}", f"found {error_text}", "wanted no error", holds=False)

    def close(self) -> int:
        """Print the verdict as the last line, which boot.sh expects, and return the exit status."""
        total = self.passed + self.failed
        if self.failed or not total:
            print(f"failed: {self.failed} of {total} checks")
            return 1
        print(f"passed: all {total} checks")
        return 0

    def _enter(self, what: str, found: str, wanted: str, *, holds: bool) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok' if holds else 'FAILED'} {what}: {found}, {wanted}")
        sys.stdout.flush()
