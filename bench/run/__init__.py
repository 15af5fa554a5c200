"""The parent: detect, resolve, plan, repeat, seal; with a journal to resume from."""
