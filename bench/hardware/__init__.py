"""Facts of the host, read from `/proc` and `/sys` below a root, so that a recorded tree is a test."""
