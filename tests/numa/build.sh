#!/usr/bin/env bash
# Make in build/numa what the emulated machine starts from, where it is not there yet from this same recipe:
#   vmlinuz       Debian's kernel for clouds: NUMA, control groups and serial lines are built in, so it needs no module
#   rootfs.cpio   Python 3.11's interpreter and standard library, and busybox; nothing is configured or started
#   busybox       the same static program, to pack the second part of the root file system with
#
# Usage: build.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
output=build/numa

cmp --silent tests/numa/build.sh "$output/recipe" && exit
echo "Fetching a kernel and a root file system; this takes a minute, once." >&2
rm -rf "$output"
mkdir -p "$output"

# The variant `extract` unpacks packages and runs nothing of them, so that the whole takes seconds; it runs no hooks
# but these. Bytecode is compiled here, for an emulated CPU takes long over it.
# shellcheck disable=SC2016 # mmdebstrap expands $1
mmdebstrap --quiet --architectures=amd64 --format=tar --variant=extract \
    --include=busybox-static,libpython3.11-stdlib,python3.11-minimal \
    --extract-hook='chroot "$1" python3.11 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11' \
    --extract-hook='cd "$1" && cp bin/busybox . && find bin lib lib64 usr -path usr/share -prune -o -print | bin/busybox cpio --quiet -o -H newc >rootfs.cpio' \
    --extract-hook='cd "$1/tmp" && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" &&
        package=$(apt-cache depends linux-image-cloud-amd64 | sed -n "s/^ *Depends: //p") &&
        apt-get --quiet --quiet -o APT::Sandbox::User=root download "$package" &&
        dpkg-deb --extract linux-image-*.deb . && mv boot/vmlinuz-* ../vmlinuz' \
    bookworm "$output/root.tar"
tar --extract --file="$output/root.tar" --directory="$output" --no-same-owner ./rootfs.cpio ./vmlinuz ./busybox
rm "$output/root.tar"
cp tests/numa/build.sh "$output/recipe"
