#!/usr/bin/env bash
# Build the image from build/image/ARCH, print its digests, and load it into the Docker engine.
#
# BuildKit is used if a docker client on PATH has it: it sends and builds only what changed, in seconds. buildah is used
# with BUILDER=buildah, or without BuildKit: equal sources give equal digests, but the whole image is sent to the engine
# each time. LOAD=no skips that.
#
# Usage: [BASE=NAME@sha256:DIGEST] [BUILDER=docker|buildah] [LOAD=no] [TAG=NAME] build.sh ARCH
set -euo pipefail
arch=$1 native=$(dpkg --print-architecture) facts=build/image/$1/program/opt/bench/image.json
tag=${TAG:-bench:$([ "$arch" = "$native" ] && echo latest || echo "$arch")}

fact() { sed --quiet "s/^ \"$1\": \"\(.*\)\",\?$/\1/p" "$facts"; }
mapfile -t labels < <(sed --quiet 's/^ "\([^"]*\)": "\(.*\)",\?$/--label=\1=\2/p' "$facts")
arguments=(--file images/Dockerfile --build-arg "BASE=${BASE:-rootfs}" --platform "linux/$arch")
final=(--tag "$tag" --build-arg "REVISION=$(fact org.opencontainers.image.revision)" "${labels[@]}" .)

# Before version 23, BuildKit is part of the client. Since then it is a plugin that may be missing.
find_buildkit_client() {
    local client version
    hash -r # otherwise `type` prints only the docker that was called before
    while read -r client; do
        version=$("$client" version --format '{{.Client.Version}}') || continue
        if [ "${version%%.*}" -lt 23 ] || "$client" buildx version >/dev/null 2>&1; then
            echo "$client"
            return
        fi
    done < <(type -aP docker)
}

require_engine() {
    docker version >/dev/null 2>&1 || {
        echo "no Docker engine answers; start one (systemctl start docker), or set DOCKER_HOST" >&2
        exit 1
    }
}

# Packages are a separate image with its own time, so that a new commit does not write them again.
build_by_buildah() {
    local packages
    packages=localhost/bench-packages:$arch-$(echo "$(fact bench.base.digest) $(fact bench.packages.recipe)" | sha256sum | cut -c 1-16)
    buildah inspect --type image "$packages" >/dev/null 2>&1 ||
        buildah build --quiet --timestamp 1704067200 "${arguments[@]}" --target packages --tag "$packages" .
    buildah build --quiet --timestamp "$(fact bench.source.epoch)" "${arguments[@]}" --build-arg "PACKAGES=$packages" "${final[@]}"
    buildah inspect --type image --format 'manifest {{.FromImageDigest}}
config   sha256:{{.FromImageID}}{{range .OCIv1.RootFS.DiffIDs}}
layer    {{.}}{{end}}' "$tag"
}

if [ "${BUILDER:-docker}" = docker ] && require_engine && client=$(find_buildkit_client) && [ -n "$client" ]; then
    DOCKER_BUILDKIT=1 "$client" build "${arguments[@]}" "${final[@]}"
    docker image inspect --format 'config   {{.Id}}{{range .RootFS.Layers}}
layer    {{.}}{{end}}' "$tag"
elif command -v buildah >/dev/null; then
    build_by_buildah
    if [ "${LOAD:-yes}" = yes ]; then
        require_engine
        buildah push --quiet "$tag" "docker-daemon:$tag"
    fi
else
    echo "missing: BuildKit; install docker-buildx, or buildah" >&2
    exit 1
fi
