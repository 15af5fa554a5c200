import importlib.util

import pytest

from bench.records.case import BACKENDS
from bench.variants.engines import PACKAGES, why_not_installed


@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend not in PACKAGES])
def test_backends_of_torch_need_nothing_more(backend: str) -> None:
    assert why_not_installed(backend) is None


@pytest.mark.parametrize("backend", PACKAGES)
def test_a_missing_engine_is_named_with_the_way_out(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.variants.engines.find_spec", lambda _: None)
    reason = why_not_installed(backend)
    assert reason is not None
    assert all(package in reason for package in PACKAGES[backend])
    assert "extra `engines`" in reason


@pytest.mark.parametrize("backend", PACKAGES)
def test_installed_engines_are_no_reason(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.variants.engines.find_spec", lambda _: importlib.util.find_spec("json"))
    assert why_not_installed(backend) is None
