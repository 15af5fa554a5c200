#!/usr/bin/env bash
# Make .venv from a hash lock, where it is not there yet; add the tools of a second lock.
#
# The locks that were installed lie in .venv, so to find that all is up to date takes a comparison of files.
#
# Usage: make-environment.sh PYTHON LOCK [DEVELOPMENT-LOCK]
set -euo pipefail
python=$1 lock=$2 development_lock=${3-}

install() { .venv/bin/pip install --quiet --disable-pip-version-check "$@"; }

if ! cmp --silent "$lock" .venv/installed.lock; then
    echo "Installing $lock into .venv; this takes minutes, once." >&2
    rm -rf .venv
    "$python" -m venv .venv
    install --require-hashes --only-binary :all: --requirement "$lock"
    install --no-deps --no-build-isolation --editable .
    cp "$lock" .venv/installed.lock
fi
if [ -n "$development_lock" ] && ! cmp --silent "$development_lock" .venv/installed-development.lock; then
    install --require-hashes --only-binary :all: --requirement "$development_lock"
    cp "$development_lock" .venv/installed-development.lock
fi
