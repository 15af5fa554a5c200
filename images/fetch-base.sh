#!/usr/bin/env bash
# Download the .debs in images/base-ARCH.lock into a folder; existing files are kept. Each download is compared with the
# lock by SHA-256. For versions that mirrors have removed, set DEBIAN_MIRROR to a snapshot archive.
#
# Usage: [DEBIAN_MIRROR=URL] fetch-base.sh ARCH FOLDER
set -euo pipefail
. images/base.sh
arch=$1 folder=$2 lock=images/base-$1.lock
missing() { # print path below a mirror, and SHA-256, of each .deb that is missing
    paste -d ' ' <(sed --quiet 's/^Filename: //p' "$lock") <(sed --quiet 's/^SHA256: //p' "$lock") |
        while read -r file digest; do [ -e "$folder/$file" ] || echo "$file $digest"; done
}

# Files are downloaded by path: mirrors keep a file for some time after a newer version replaced it in their index. The
# index may also be out of date, because files are checked against the lock. Each mirror is asked for each file.
if [ -n "$(missing)" ]; then
    partial=$(realpath "$folder")/partial
    rm -rf "$partial"
    mkdir -p "$partial"
    mirrors=$(mktemp) log=$(mktemp)
    trap 'rm -rf "$mirrors" "$log" "$partial"' EXIT
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
            2>>"$log" || true
        missing | while read -r file digest; do
            if echo "$digest  $partial/${file##*/}" | sha256sum --check --status 2>/dev/null; then
                mkdir -p "$folder/${file%/*}"
                mv "$partial/${file##*/}" "$folder/$file"
            fi
        done
    done
    if [ -n "$(missing)" ]; then
        grep --invert-match ' 404 ' "$log" >&2 || true
        echo "no mirror has: $(missing | sed 's|.*/\(.*\) .*|\1|' | xargs); set DEBIAN_MIRROR to a snapshot archive" >&2
        exit 1
    fi
fi

# apt reads a Release file, and finds the lock by the digest in it.
cp "$lock" "$folder/Packages"
cat >"$folder/Release" <<END
Codename: $suite
SHA256:
 $(sha256sum "$lock" | cut -d ' ' -f 1) $(stat --format %s "$lock") Packages
END
