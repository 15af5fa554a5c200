#!/usr/bin/env bash
# Build bench:latest from build/image into the Docker engine, for this architecture.
#
# By BuildKit, if a docker client on PATH has it: only what changed is sent and built. Else by buildah, or if
# BUILDER=buildah asks for it: it sets all file times to the last commit's, but sends the whole image each time.
#
# Usage: [BASE=NAME@sha256:DIGEST] [BUILDER=docker|buildah] build.sh
set -euo pipefail

docker version >/dev/null 2>&1 || {
    echo "no Docker engine answers; start one (systemctl start docker), or set DOCKER_HOST" >&2
    exit 1
}

fact() { sed --quiet "s/^ \"$1\": \"\(.*\)\",\?$/\1/p" build/image/image.json; }
SOURCE_DATE_EPOCH=$(fact bench.source.epoch)
export SOURCE_DATE_EPOCH
mapfile -t labels < <(sed --quiet 's/^ "\([^"]*\)": "\(.*\)",\?$/--label=\1=\2/p' build/image/image.json)
arguments=(--file images/Dockerfile --tag bench:latest --build-arg "BASE=${BASE:-rootfs}"
    --build-arg "REVISION=$(fact org.opencontainers.image.revision)" "${labels[@]}" .)

# Before version 23 BuildKit is part of the client; since then it is a plugin, which may not be there.
find_buildkit_client() {
    local client version
    hash -r # else `type` tells only the docker that was called before
    while read -r client; do
        version=$("$client" version --format '{{.Client.Version}}') || continue
        if [ "${version%%.*}" -lt 23 ] || "$client" buildx version >/dev/null 2>&1; then
            echo "$client"
            return
        fi
    done < <(type -aP docker)
}

client=$(find_buildkit_client)
if [ "${BUILDER:-docker}" = docker ] && [ -n "$client" ]; then
    DOCKER_BUILDKIT=1 "$client" build "${arguments[@]}"
elif command -v buildah >/dev/null; then
    buildah build --isolation chroot --layers --timestamp "$SOURCE_DATE_EPOCH" "${arguments[@]}"
    buildah push bench:latest docker-daemon:bench:latest
else
    echo "missing: BuildKit; install docker-buildx, or buildah" >&2
    exit 1
fi
