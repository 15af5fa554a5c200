"""Triage: which machines of a fleet are odd, by the bundles that they made."""
