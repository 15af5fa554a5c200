"""The program of the image, and of a checkout without installing: the same as `python -m bench`."""

from bench.cli.main import main

if __name__ == "__main__":
    main()
