#!/usr/bin/env bash
# Put the allocators of the image's lock into the folder of an environment, where bench looks first: then a native run
# and the image use the same files. Nothing is installed on the system, and root is not needed.
#
# They are files of Debian. Each mirror that this host's apt knows is asked for them, and each file is compared with the
# lock by SHA-256. Where no mirror has them (Ubuntu's have builds of their own), or without apt, bench takes those of
# the system, if they are installed. It is tried once for each lock.
#
# Usage: fetch-allocators.sh ENVIRONMENT
set -euo pipefail
environment=$1 helper=/usr/lib/apt/apt-helper
command -v dpkg-deb >/dev/null && [ -x "$helper" ] || exit 0
lock=images/base-$(dpkg --print-architecture).lock tried=$environment/tried-allocators.lock
[ -e "$lock" ] || exit 0

wanted=$(awk -v RS= '/^Package: (libjemalloc2|libtcmalloc-minimal4)\n/' "$lock" | sed --quiet 's/^\(Filename\|SHA256\): //p')
[ "$wanted" != "$(cat "$tried" 2>/dev/null)" ] || exit 0
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
mirrors=$(apt-get update --print-uris 2>/dev/null | sed --quiet "s#^'\(.*/\)\(dists/.*/\|\./\)InRelease' .*#\1#p" | sort --unique)

fetch() { # PATH SHA256
    local mirror
    for mirror in $mirrors; do
        if "$helper" --quiet=2 -o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::http::Timeout=10 \
            -o Acquire::https::Timeout=10 download-file "$mirror$1" "$folder/deb" "SHA256:$2" >/dev/null 2>&1 &&
            echo "$2  $folder/deb" | sha256sum --check --status; then
            dpkg-deb --fsys-tarfile "$folder/deb" |
                tar --extract --directory "$folder" --wildcards './usr/lib/*-linux-gnu/lib*.so.*'
            return
        fi
    done
    echo "$(basename "$1") of the image's lock is on no mirror of this host; bench takes the system's, if it is installed" >&2
}
while read -r path && read -r digest; do
    fetch "$path" "$digest"
done <<<"$wanted"
find "$folder/usr" -name 'lib*.so.*' -exec cp --no-dereference {} "$environment/lib" \; 2>/dev/null || true
echo "$wanted" >"$tried"
