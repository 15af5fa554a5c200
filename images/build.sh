#!/usr/bin/env bash
# Build the image from build/image/ARCH, print its digests, and load it into the Docker engine.
#
# buildah gives all files and the configuration a fixed time, so that equal sources give an equal image in each engine,
# archive and registry: its id, the digest of the configuration, names layers and all else. `make image`, `make images`
# and `make verify-image` all build here. LOAD=no leaves the image in buildah's storage.
#
# Usage: [BASE=NAME@sha256:DIGEST] [LOAD=no] [TAG=NAME] build.sh ARCH
set -euo pipefail
arch=$1 native=$(dpkg --print-architecture) facts=build/image/$1/program/opt/bench/image.json
tag=${TAG:-bench:$([ "$arch" = "$native" ] && echo latest || echo "$arch")}
stored=localhost/${tag#localhost/}

fact() { sed --quiet "s/^ \"$1\": \"\(.*\)\",\?$/\1/p" "$facts"; }
mapfile -t labels < <(sed --quiet 's/^ "\([^"]*\)": "\(.*\)",\?$/--label=\1=\2/p' "$facts")
build() { # SECONDS OPTION...
    buildah build --quiet --identity-label=false --timestamp "$1" --file images/Dockerfile --build-arg "BASE=${BASE:-rootfs}" \
        --platform "linux/$arch" "${@:2}" . >/dev/null
}

# Packages are a separate image with its own time, so that a new commit does not write them again. Its name is in the
# history of the final image, so it must follow from what it holds.
packages=localhost/bench-packages:$arch-$(echo "$(fact bench.base.digest) $(fact bench.packages.recipe)" | sha256sum | cut -c 1-16)
buildah inspect --type image "$packages" >/dev/null 2>&1 || build 1704067200 --target packages --tag "$packages"
build "$(fact bench.source.epoch)" --build-arg "PACKAGES=$packages" \
    --build-arg "REVISION=$(fact org.opencontainers.image.revision)" "${labels[@]}" --tag "$stored"

id=$(buildah inspect --type image --format 'sha256:{{.FromImageID}}' "$stored")
buildah inspect --type image --format 'image    sha256:{{.FromImageID}}
manifest {{.FromImageDigest}}{{range .OCIv1.RootFS.DiffIDs}}
layer    {{.}}{{end}}{{println}}' "$stored" | tee "build/image/$arch/digests"

# The engine keeps the layers that it has; only an image that it does not have is sent.
if [ "${LOAD:-yes}" = yes ]; then
    if docker image inspect "$id" >/dev/null 2>&1; then
        docker image tag "$id" "$tag"
    else
        buildah push --quiet "$stored" "docker-daemon:$tag"
    fi
fi
