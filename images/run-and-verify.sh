#!/usr/bin/env bash
# Run `bench run` from .venv, then verify the bundle that it wrote. The exit status is the run's, unless only the
# verification fails.
#
# Usage: run-and-verify.sh [OPTION OF bench run]...
set -uo pipefail
shown=$(mktemp)
trap 'rm -f "$shown"' EXIT

# On Ctrl-C the run has last words; tee waits for them.
.venv/bin/bench run "$@" | tee --ignore-interrupts "$shown"
status=${PIPESTATUS[0]}
bundle=$(sed --quiet 's/^bundle: //p' "$shown" | tail --lines 1)
if [ -n "$bundle" ]; then
    .venv/bin/bench verify "$bundle" || exit $((status ? status : $?))
fi
exit "$status"
