"""The plan (pure), the worker processes, and their binding."""
