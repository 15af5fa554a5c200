#!/usr/bin/env bash
# Build the image of `make image` twice, each time from a clean clone of HEAD and without a network, and compare. Print
# the image's id, which the engine prints for it too, or which files in which layers differ.
#
# Usage: [FETCHED=FOLDER] verify.sh PYTHON LOCK ARCH
#   FETCHED: folder of .debs and wheels, downloaded before; build/fetched by default.
set -euo pipefail
python=$1 lock=$(realpath "$2") arch=$3
FETCHED=$(realpath "${FETCHED:-build/fetched}")
export FETCHED LOAD=no
alone=(env)
[ "$(id -u)" != 0 ] || alone=(unshare --net) # only root can leave the network namespace
images/fetch-base.sh "$(dpkg --print-architecture)" "$FETCHED/debs-$(dpkg --print-architecture)"
images/fetch-base.sh "$arch" "$FETCHED/debs-$arch"

revision=$(git rev-parse HEAD)
clones=$(mktemp --directory "$PWD/build/verify.XXXXXX")
remove() {
    rm -rf "$clones"
    buildah rmi --force localhost/bench-verify:{1,2} >/dev/null 2>&1 || true
}
trap remove EXIT
for number in 1 2; do
    clone=$clones/$number
    git clone --quiet --no-hardlinks . "$clone"
    git -C "$clone" checkout --quiet --detach "$revision" # the same revision, even if a new commit is made meanwhile
    echo "build $number of $arch" >&2
    (
        cd "$clone"
        # The second build reuses nothing of the first: it has its own context, and no stored image of the packages.
        buildah images --quiet --filter "reference=localhost/bench-packages" | sort --unique |
            xargs --no-run-if-empty buildah rmi --force >/dev/null
        OFFLINE=1 "${alone[@]}" images/make-context.sh "$python" "$lock" "$arch"
        TAG=localhost/bench-verify:$number images/build.sh "$arch"
        rm -rf build/image
    ) | tee "$clones/$number.digests"
done

if cmp --silent "$clones/1.digests" "$clones/2.digests"; then
    echo "equal: $(head -n 1 "$clones/1.digests")"
    exit 0
fi
for number in 1 2; do
    buildah push --quiet --disable-compression "localhost/bench-verify:$number" "oci:$clones/oci:$number"
done
"$python" images/compare_images.py "$clones/oci" 1 2
exit 1
