#!/usr/bin/env bash
# Build the images of several architectures with reproducible digests. Write build/bench.oci.tar, an OCI layout with one
# index of all images, and beside it SBOM and provenance of each architecture.
#
# Layers are not compressed, so that no digest depends on a compressor. Compress the archive before you send it.
#
# Usage: build-archive.sh PYTHON LOCK ARCH...
set -euo pipefail
python=$1 lock=$2
layout=build/bench.oci
export LOAD=no

rm -rf "$layout"
for arch in "${@:3}"; do
    images/make-context.sh "$python" "$lock" "$arch"
    TAG=localhost/bench:$arch images/build.sh "$arch"
    skopeo copy --quiet --dest-oci-accept-uncompressed-layers "containers-storage:localhost/bench:$arch" "oci:$layout:$arch"
    .venv/bin/python images/describe.py "$arch" build
done

"$python" images/index_archive.py "$layout"
tar --create --file "$layout.tar" --directory "$layout" --sort=name --mtime=@1704067200 --owner=0 --group=0 --numeric-owner --remove-files .
rm -rf "$layout"
sha256sum "$layout.tar"
