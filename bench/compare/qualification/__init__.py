"""Qualification: apply a policy's rules to every bundle of a unit under test."""
