#!/usr/bin/env bash
# Make the root file system that images/Dockerfile starts from, of the .debs that images/base-ARCH.lock names and
# fetch-base.sh fetched. Nothing comes from elsewhere: apt is given no other source, and compares each with the lock.
#
# Usage: build-base.sh ARCH FOLDER OUTPUT.tar
set -euo pipefail
. images/base.sh
arch=$1 folder=$(realpath "$2") output=$3

# Any fixed moment: the same packages shall give the same bytes on every day.
export SOURCE_DATE_EPOCH=1704067200

# resolv.conf and hostname are the building host's. Bytecode that is valid by content outlives a change of file times.
# shellcheck disable=SC2016 # mmdebstrap expands $1
bootstrap "$arch" --format=tar \
    --customize-hook='rm --force "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/apt/sources.list' \
    --customize-hook='PYTHONHASHSEED=0 chroot "$1" python3.11 -m compileall -qf --invalidation-mode unchecked-hash /usr/lib/python3.11' \
    "$suite" "$output.part" "deb [trusted=yes] copy:$folder ./"
mv "$output.part" "$output"
