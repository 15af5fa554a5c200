#!/usr/bin/env bash
# Build the images of several architectures, each to its digest, and write build/bench.oci.tar: an OCI layout with one
# index of them all. Beside it, for each architecture, its SBOM and its provenance.
#
# Layers are not compressed, so that no digest depends on a compressor; compress the archive to send it.
#
# Usage: build-archive.sh PYTHON LOCK ARCH...
set -euo pipefail
python=$1 lock=$2
index=localhost/bench:index layout=build/bench.oci
export BUILDER=buildah LOAD=no

buildah manifest rm "$index" >/dev/null 2>&1 || true
buildah manifest create "$index" >/dev/null
for arch in "${@:3}"; do
    images/make-context.sh "$python" "$lock" "$arch"
    TAG=localhost/bench:$arch images/build.sh "$arch" | tee "build/image/$arch/digests"
    buildah manifest add "$index" "containers-storage:localhost/bench:$arch" >/dev/null
    .venv/bin/python images/describe.py "$arch" build
done

rm -rf "$layout"
skopeo copy --quiet --all --dest-oci-accept-uncompressed-layers "containers-storage:$index" "oci:$layout:bench"
tar --create --file "$layout.tar" --directory "$layout" --sort=name --mtime=@1704067200 --owner=0 --group=0 --numeric-owner --remove-files .
rm -rf "$layout"
sha256sum "$layout.tar"
