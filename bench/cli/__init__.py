"""Options and help: argv to typed arguments to one function to an exit status."""
