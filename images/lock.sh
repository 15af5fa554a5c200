#!/usr/bin/env bash
# Resolve pyproject.toml into the hash locks, with one wheel for each package, architecture and Python. Locked
# versions are kept; remove a lock to take newer versions.
#
# Usage: lock.sh PYTHON [cpu]
#   cpu: write requirements-cpu.lock instead, for the CPU-only wheels of PyTorch's own index (images/README.md).
set -euo pipefail
python=$1 variant=${2-}

tools=build/lock
[ -x "$tools/bin/uv" ] || {
    "$python" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement images/requirements-installer.lock
    "$tools/bin/pip" install --quiet --disable-pip-version-check uv
}
compile() { # OUTPUT [OPTION]...
    local pylock=$tools/pylock.toml options=(--quiet --universal --python-version 3.11 --no-header)
    "$tools/bin/uv" pip compile "${options[@]}" --generate-hashes pyproject.toml --output-file "$@"
    # A lock with all files leaves the choice to the installer, and installers and systems choose differently.
    rm -f "$pylock"
    "$tools/bin/uv" pip compile "${options[@]}" --no-deps "$1" --format pylock.toml --output-file "$pylock" "${index[@]}"
    "$tools/bin/python" images/wheels.py choose "$1" "$pylock"
}
index=()

case $variant in
"")
    compile images/requirements.lock
    compile images/requirements-engines.lock --extra engines --constraint images/requirements.lock
    compile images/requirements-dev.lock --extra dev --extra engines \
        --constraint images/requirements-engines.lock
    ;;
cpu)
    index=(--torch-backend cpu)
    compile images/requirements-cpu.lock "${index[@]}"
    ;;
*)
    echo "unknown lock variant $variant; use cpu" >&2
    exit 2
    ;;
esac
