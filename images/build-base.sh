#!/usr/bin/env bash
# Make the root file system that images/Dockerfile starts from: Debian 12 with Python 3.11; g++ and the headers, as
# Inductor compiles C++ against Python.h while it runs; and the allocators that profiles may choose.
#
# Usage: build-base.sh OUTPUT.tar
set -euo pipefail
output=$1

# Any fixed moment: the same packages shall give the same bytes on every day.
export SOURCE_DATE_EPOCH=1704067200

# resolv.conf and hostname are the building host's. Bytecode that is valid by content outlives a change of file times.
# shellcheck disable=SC2016 # mmdebstrap expands $1
mmdebstrap --quiet --format=tar --variant=minbase --include=g++,libjemalloc2,libtcmalloc-minimal4,python3,python3-dev,python3-venv \
    --customize-hook='rm --force "$1/etc/resolv.conf" "$1/etc/hostname"' \
    --customize-hook='PYTHONHASHSEED=0 chroot "$1" python3.11 -m compileall -qf --invalidation-mode unchecked-hash /usr/lib/python3.11' \
    bookworm "$output.part"
mv "$output.part" "$output"
