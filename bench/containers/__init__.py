"""Run bench in its image through the Docker SDK: bound on the host, hardened, and removed at the end."""
