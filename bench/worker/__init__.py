"""The child: one cell, one instance, one repetition, in a process of its own."""
