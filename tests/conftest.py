"""What every test may use: golden files, and hypothesis without a clock."""

import signal
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

DATA = Path(__file__).parent / "data"

hypothesis.settings.register_profile("bench", deadline=None)  # a slow machine is no failure
hypothesis.settings.load_profile("bench")


def pytest_configure() -> None:
    """Let signals interrupt what tests start, also below a shell that ignores them, as of a background job or nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-fixtures", action="store_true", help="write golden files anew instead of comparing with them"
    )


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a file below tests/data, or write it there by `--rewrite-fixtures` (`make fixtures`)."""

    def check(name: str, text: str) -> None:
        path = DATA / name
        if request.config.getoption("--rewrite-fixtures"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; if it should, run `make fixtures`"

    return check
