#!/usr/bin/env bash
# Fetch the .debs that images/base-ARCH.lock names into a folder; those that are there already stay. What comes is
# compared with the lock by SHA-256. Versions that no mirror keeps are in an archive of snapshots: name it by
# DEBIAN_MIRROR.
#
# Usage: [DEBIAN_MIRROR=URL] fetch-base.sh ARCH FOLDER
set -euo pipefail
. images/base.sh
arch=$1 folder=$2 lock=images/base-$1.lock
missing() { # path below a mirror, and SHA-256, of each that is not there
    paste -d ' ' <(sed --quiet 's/^Filename: //p' "$lock") <(sed --quiet 's/^SHA256: //p' "$lock") |
        while read -r file digest; do [ -e "$folder/$file" ] || echo "$file $digest"; done
}

# Fetched by path, since mirrors keep a file for some time after a newer one took its place in their index; that index
# may be out of date too, as files are held to the lock. Which mirror has one is found by asking each.
if [ -n "$(missing)" ]; then
    partial=$(realpath "$folder")/partial
    rm -rf "$partial"
    mkdir -p "$partial"
    mirrors=$(mktemp) said=$(mktemp)
    trap 'rm -rf "$mirrors" "$said" "$partial"' EXIT
    # shellcheck disable=SC2016 # mmdebstrap's shell and apt expand it
    mmdebstrap --quiet --architectures="$arch" --variant=custom --format=null \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" >"$1/mirrors"' \
        --customize-hook="download /mirrors $mirrors" \
        "$suite" - ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    for mirror in $(sort --unique "$mirrors"); do
        missing | while read -r file digest; do
            echo "$mirror$file" "$partial/${file##*/}" "SHA256:$digest"
        done | xargs --no-run-if-empty /usr/lib/apt/apt-helper --quiet=2 -o APT::Sandbox::User=root download-file \
            2>>"$said" || true
        missing | while read -r file digest; do
            if echo "$digest  $partial/${file##*/}" | sha256sum --check --status 2>/dev/null; then
                mkdir -p "$folder/${file%/*}"
                mv "$partial/${file##*/}" "$folder/$file"
            fi
        done
    done
    if [ -n "$(missing)" ]; then
        grep --invert-match ' 404 ' "$said" >&2 || true
        echo "not to be had: $(missing | sed 's|.*/\(.*\) .*|\1|' | xargs); name an archive of snapshots by DEBIAN_MIRROR" >&2
        exit 1
    fi
fi

# apt asks which release a source is of, and finds the lock by the digest that stands there.
cp "$lock" "$folder/Packages"
cat >"$folder/Release" <<END
Codename: $suite
SHA256:
 $(sha256sum "$lock" | cut -d ' ' -f 1) $(stat --format %s "$lock") Packages
END
