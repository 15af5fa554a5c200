"""The plan (pure), the worker processes, and the binding they are held to."""
