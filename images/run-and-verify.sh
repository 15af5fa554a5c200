#!/usr/bin/env bash
# Run `bench run` from .venv, then verify its bundle. The exit status is that of the run; if only the verification fails,
# it is that of the verification.
#
# The run writes the path of its bundle into a file, relative to the file's folder. So what it prints goes where this
# script's output goes, and a terminal stays one.
#
# Usage: run-and-verify.sh [OPTION OF bench run]...
set -uo pipefail
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT

# After Ctrl-C the run prints how to resume, and exits by itself.
BENCH_ANNOUNCEMENT=$folder/bundle .venv/bin/bench run "$@"
status=$?
if [ -e "$folder/bundle" ]; then
    .venv/bin/bench verify "$(realpath "$folder/$(cat "$folder/bundle")")" || exit $((status ? status : $?))
fi
exit "$status"
