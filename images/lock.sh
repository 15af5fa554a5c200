#!/usr/bin/env bash
# Resolve pyproject.toml into the hash locks. Locked versions are kept; remove a lock to take newer versions.
#
# Usage: lock.sh PYTHON [cpu]
#   cpu: write requirements-cpu.lock instead, for the CPU-only wheels of PyTorch's own index (images/README.md).
set -euo pipefail
python=$1 variant=${2-}

uv=$(command -v uv) || {
    uv=build/uv/bin/uv
    [ -x "$uv" ] || { "$python" -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv; }
}
compile() {
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml "$@"
}

case $variant in
"")
    compile --output-file images/requirements.lock
    compile --output-file images/requirements-engines.lock --extra engines --constraint images/requirements.lock
    compile --output-file images/requirements-dev.lock --extra dev --extra engines \
        --constraint images/requirements-engines.lock
    ;;
cpu) compile --output-file images/requirements-cpu.lock --torch-backend cpu ;;
*)
    echo "unknown lock variant $variant; use cpu" >&2
    exit 2
    ;;
esac
