"""Models with their inputs: the registry, a file per family, and portable weights and inputs."""
