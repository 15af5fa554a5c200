#!/usr/bin/env bash
# Resolve pyproject.toml into the hash locks, with one wheel for each package, architecture and Python. Locked
# versions are kept; remove a lock to take newer versions. Left out is what no code on a CPU uses (left_out.py).
#
# Usage: lock.sh PYTHON [cpu]
#   cpu: write requirements-cpu.lock instead, for the CPU-only wheels of PyTorch's own index. It names that index.
set -euo pipefail
python=$1 variant=${2-}

tools=build/lock
[ -x "$tools/bin/uv" ] || {
    "$python" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement images/requirements-installer.lock
    "$tools/bin/pip" install --quiet --disable-pip-version-check uv
}
mapfile -t left_out < <("$tools/bin/python" images/left_out.py packages)
common=(--quiet --universal --python-version 3.11 --no-header "${left_out[@]/#/--no-emit-package=}")

compile() { # OUTPUT [OPTION]...
    local pylock=$tools/pylock.toml
    "$tools/bin/uv" pip compile "${common[@]}" --generate-hashes pyproject.toml --output-file "$@" || return
    # A lock with all files leaves the choice to the installer, and installers and systems choose differently.
    rm -f "$pylock"
    "$tools/bin/uv" pip compile "${common[@]}" --no-deps "$1" --format pylock.toml --output-file "$pylock" "${index[@]}" || return
    "$tools/bin/python" images/wheels.py choose "$1" "$pylock"
}
index=()

# uv says in six lines that a server cannot be reached: the first names the address, the last the reason.
refuse() { # FILE: what the resolver said
    local address
    address=$(sed --quiet 's/.*Failed to fetch: `\?\([^`]*\)`\?$/\1/p' "$1" | head --lines 1)
    if [ -n "$address" ]; then
        echo "TORCH=cpu: $address cannot be fetched ($(sed --quiet '$s/^ *\(cause: \|Caused by: \)\?//p' "$1"));" \
            "PyTorch's CPU-only wheels are only on its own index; use a network that reaches it, or leave out TORCH=cpu" >&2
    else
        cat "$1" >&2
        echo "TORCH=cpu: the packages cannot be resolved with PyTorch's index of CPU-only wheels (above)" >&2
    fi
    exit 1
}

case $variant in
"")
    compile images/requirements.lock
    compile images/requirements-engines.lock --extra engines --constraint images/requirements.lock
    compile images/requirements-fleet.lock --extra fleet --constraint images/requirements.lock
    compile images/requirements-dev.lock --extra dev --extra engines --extra fleet --extra tune \
        --constraint images/requirements-engines.lock --constraint images/requirements-fleet.lock
    ;;
cpu)
    lock=images/requirements-cpu.lock
    index=(--torch-backend cpu)
    said=$lock.said
    trap 'rm -f "$lock.part" "$said"' EXIT
    cp images/requirements.lock "$lock.part" # uv keeps the versions in it
    compile "$lock.part" "${index[@]}" --emit-index-annotation 2>"$said" || refuse "$said"
    # pip finds wheels with a local version, such as 2.14.1+cpu, only in that index.
    {
        sed --quiet '/^torch==/,/^    # from /s/^    # from /--extra-index-url /p' "$lock.part" | sort --unique
        grep --invert-match '^    # from ' "$lock.part"
    } >"$lock"
    ;;
*)
    echo "TORCH=$variant: only TORCH=cpu, or none" >&2
    exit 2
    ;;
esac
