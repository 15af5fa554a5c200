#!/usr/bin/env bash
# Fetch the .debs that images/base-ARCH.lock names into a folder; those that are there already stay. What comes is
# compared with the lock by SHA-256. Versions that mirrors no longer have are in an archive of snapshots: name it by
# DEBIAN_MIRROR.
#
# Usage: [DEBIAN_MIRROR=URL] fetch-base.sh ARCH FOLDER
set -euo pipefail
. images/base.sh
arch=$1 folder=$2 lock=images/base-$1.lock
field() { sed --quiet "s/^$1: //p" "$lock"; }
missing() {
    paste <(field Package) <(field Version) <(field Filename) | while read -r package version file; do
        [ -e "$folder/$file" ] || echo "$package=$version"
    done
}

if [ -n "$(missing)" ]; then
    fresh=$(mktemp --directory)
    trap 'rm -rf "$fresh"' EXIT
    chmod 0755 "$fresh"
    missing >"$fresh/wanted"
    # shellcheck disable=SC2016 # mmdebstrap's shell expands it
    mmdebstrap --quiet --architectures="$arch" --variant=custom --format=null \
        --customize-hook='cd '"$fresh"' && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG xargs apt-get --quiet=2 -o APT::Sandbox::User=root download <wanted' \
        "$suite" - ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    (cd "$fresh" && sha256sum -- *.deb) | while read -r digest deb; do
        file=$(paste -d ' ' <(field SHA256) <(field Filename) | sed --quiet "s/^$digest //p")
        [ -n "$file" ] || { echo "$deb is not what $lock names: its SHA-256 is $digest" >&2; exit 1; }
        mkdir -p "$folder/${file%/*}"
        mv "$fresh/$deb" "$folder/$file"
    done
fi
[ -z "$(missing)" ] || { echo "not to be had: $(missing | xargs); name an archive of snapshots by DEBIAN_MIRROR" >&2; exit 1; }

# apt asks which release a source is of, and finds the lock by the digest that stands there.
cp "$lock" "$folder/Packages"
cat >"$folder/Release" <<END
Codename: $suite
SHA256:
 $(sha256sum "$lock" | cut -d ' ' -f 1) $(stat --format %s "$lock") Packages
END
