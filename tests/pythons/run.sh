#!/usr/bin/env bash
# Do what `make run ARGS='--suite smoke'` does with each Python of the lock that this host has, but for that of .venv, and
# say which were run. Each has a clone of HEAD and an environment of some gigabytes, which are removed.
#
# A Python is taken from PATH, or else from pyenv's folder.
#
# Usage: run.sh [VERSION]...
#   VERSION: such as 3.13; all by default.
set -euo pipefail
folder=build/pythons ran=() absent=()
[ $# -gt 0 ] || set -- 3.11 3.12 3.13 3.14
trap 'rm -rf "$folder"' EXIT

find_python() { # VERSION
    local python
    for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1"; do
        if "$python" -c '' >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
}

for version in "$@"; do
    [ "$version" != "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" ] || continue
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        absent+=("$version")
        continue
    fi
    if ! images/check-prerequisites.sh "$python" run; then
        absent+=("$version (incomplete)")
        continue
    fi
    rm -rf "$folder"
    git clone --quiet . "$folder"
    (
        cd "$folder"
        images/make-environment.sh "$python" images/requirements.lock
        # Status 3 says that others used this machine, which is no fault of what is checked here; the bundle is whole.
        images/run-and-verify.sh --suite smoke || [ $? -eq 3 ]
    )
    ran+=("$version")
done
echo "ran on Python ${ran[*]:-(none)}; not on this host: ${absent[*]:-(none)}"
