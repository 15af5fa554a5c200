#!/usr/bin/env bash
# Resolve the packages of the base to the newest versions of the suite. Write images/base-ARCH.lock, an apt index of these
# packages with version, size and SHA-256.
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
    # Keep continuation lines with their field; sort stanzas by name.
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
