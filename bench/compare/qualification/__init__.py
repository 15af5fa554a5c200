"""Qualification: a policy's rules over every bundle of a unit under test."""
