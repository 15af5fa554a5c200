"""Machines to diagnose: those of the hardware's tests."""

from tests.unit.hardware.conftest import compose, recorded

__all__ = ["compose", "recorded"]
