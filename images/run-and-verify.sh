#!/usr/bin/env bash
# Run `bench run` from .venv, then verify its bundle. The exit status is that of the run; if only the verification fails,
# it is that of the verification.
#
# Usage: run-and-verify.sh [OPTION OF bench run]...
set -uo pipefail
shown=$(mktemp)
trap 'rm -f "$shown"' EXIT

# After Ctrl-C the run prints how to resume; tee must not end before that.
.venv/bin/bench run "$@" | tee --ignore-interrupts "$shown"
status=${PIPESTATUS[0]}
bundle=$(sed --quiet 's/^bundle: //p' "$shown" | tail --lines 1)
if [ -n "$bundle" ]; then
    .venv/bin/bench verify "$bundle" || exit $((status ? status : $?))
fi
exit "$status"
