#!/usr/bin/env bash
# Create .venv from a hash lock if it does not exist or is of another Python, and add the tools of a second lock.
#
# The locks name all packages, so pip resolves nothing: torch requires packages that the locks leave out (left_out.py).
# .venv keeps copies of the installed locks, so a comparison of files shows whether it is up to date.
#
# Usage: make-environment.sh PYTHON LOCK [DEVELOPMENT-LOCK]
set -euo pipefail
python=$1 lock=$2 development_lock=${3-}

install() { .venv/bin/pip install --quiet --disable-pip-version-check "$@"; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

if ! cmp --silent "$lock" .venv/installed.lock || [ "$(version "$python")" != "$(version .venv/bin/python)" ]; then
    echo "Installing $lock into .venv with $python; this takes minutes, once." >&2
    rm -rf .venv
    images/check-space.sh . 6 .venv
    "$python" -m venv .venv
    install --no-deps --require-hashes --only-binary :all: --requirement "$lock"
    install --no-deps --no-build-isolation --editable .
    cp "$lock" .venv/installed.lock
fi

# pip's own script would read PYTHONPATH and PYTHONHOME before the first line of bench.
rm -f .venv/bin/bench
printf '#!/bin/sh\nexec %q -I %q bench "$@"\n' "$PWD/.venv/bin/python" "$PWD/bench/launch/start.py" >.venv/bin/bench
chmod +x .venv/bin/bench

if [ -n "$development_lock" ] && ! cmp --silent "$development_lock" .venv/installed-development.lock; then
    install --no-deps --require-hashes --only-binary :all: --requirement "$development_lock"
    cp "$development_lock" .venv/installed-development.lock
fi

.venv/bin/python -I images/left_out.py remove .venv/lib/python3.*/site-packages
images/fetch-allocators.sh .venv
