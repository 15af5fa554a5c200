#!/usr/bin/env bash
# Fuzz every target for FUZZ_S seconds, one after the other; atheris is installed beside the environment, not in it.
#
# Usage: run.sh [TARGET...]
set -euo pipefail
seconds=${FUZZ_S:-60} folder=build/fuzz
if [ ! -e $folder/packages/atheris ]; then
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --target $folder/packages --requirement tests/fuzz/requirements.txt
fi
export PYTHONPATH=.:$folder/packages
[ $# -gt 0 ] || mapfile -t names < <(.venv/bin/python -c 'from tests.fuzz.targets import TARGETS; print(*TARGETS, sep="\n")')
found=0
for name in "${@:-${names[@]}}"; do
    if log=$(.venv/bin/python tests/fuzz/fuzz.py "$name" "$seconds" $folder/corpus 2>&1); then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' <<< "$log") inputs, nothing found"
    else
        echo "$name: FOUND, see $folder/corpus/$name-*" && tail -25 <<< "$log" && found=1
    fi
done
exit $found
