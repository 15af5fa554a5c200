#!/usr/bin/env bash
# Resolve the base's packages to the newest of the suite, and write images/base-ARCH.lock: an index as apt reads it, of
# just these packages, each with its version, size and SHA-256.
#
# Usage: [DEBIAN_MIRROR=URL] lock-base.sh ARCH...
set -euo pipefail
. images/base.sh
fields='Package|Version|Architecture|Essential|Multi-Arch|Pre-Depends|Depends|Provides|Conflicts|Breaks|Replaces|Filename|Size|SHA256'

for arch; do
    listed=$(mktemp)
    # shellcheck disable=SC2016 # mmdebstrap expands $1
    bootstrap "$arch" --format=null \
        --customize-hook='chroot "$1" dpkg-query --show --showformat "\${Package}=\${Version}\n" |
            APT_CONFIG=$MMDEBSTRAP_APT_CONFIG xargs apt-cache show >'"$listed" \
        "$suite" - ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    # Continued lines go with their field; stanzas by name.
    awk -v RS= -v fields="^($fields)$" '{
        count = split($0, lines, "\n"); out = ""
        for (i = 1; i <= count; i++) {
            if (lines[i] ~ /^[^ \t]/) { name = lines[i]; sub(/:.*/, "", name) }
            if (name ~ fields) out = out lines[i] "\n"
        }
        print out
    }' "$listed" >"images/base-$arch.lock"
    rm -f "$listed"
done
