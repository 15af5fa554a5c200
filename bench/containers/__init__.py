"""Runs in the image, through the Docker SDK: bound on the host, hardened, and gone when they are over."""
