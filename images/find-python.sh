#!/usr/bin/env bash
# Print the Python to use where PYTHON names none: the version of .venv if there is one, else the first that runs of
# python3.11, python3.12, python3.13 and python3.14; python3 if none does, which check-prerequisites.sh then refuses.
#
# Usage: find-python.sh
set -uo pipefail
installed=$(.venv/bin/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])' 2>/dev/null)
for python in $installed python3.11 python3.12 python3.13 python3.14; do
    if "$python" -c '' >/dev/null 2>&1; then
        echo "$python"
        exit
    fi
done
echo python3
