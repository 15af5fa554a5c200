"""The command line: argv to typed arguments to one function to an exit status."""
