#!/usr/bin/env bash
# Build the root file system for images/Dockerfile from the .debs in images/base-ARCH.lock, downloaded by fetch-base.sh.
# apt has no other source, and compares each .deb with the lock.
#
# Usage: build-base.sh ARCH FOLDER OUTPUT.tar
set -euo pipefail
. images/base.sh
arch=$1 folder=$(realpath "$2") output=$3

# Any fixed time: the same packages must give the same bytes on each day.
export SOURCE_DATE_EPOCH=1704067200

# resolv.conf and hostname come from the build host. Bytecode is valid by content, so that changed file times do not
# invalidate it.
# shellcheck disable=SC2016 # mmdebstrap expands $1
bootstrap "$arch" --format=tar \
    --customize-hook='rm --force "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/apt/sources.list' \
    --customize-hook='PYTHONHASHSEED=0 chroot "$1" python3.11 -m compileall -qf --invalidation-mode unchecked-hash /usr/lib/python3.11' \
    "$suite" "$output.part" "deb [trusted=yes] copy:$folder ./"
mv "$output.part" "$output"
