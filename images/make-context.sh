#!/usr/bin/env bash
# Assemble in build/image/ARCH the files that images/Dockerfile copies:
#   base.tar   the root file system; not built if BASE names an image
#   packages/  the packages of the hash lock, and the results folder
#   program/   bench, its profiles, and image.json: facts about this image, which bench copies into bundles
# Parts that were built from the same scripts and locks are reused.
#
# Usage: [BASE=NAME@sha256:DIGEST] [FETCHED=FOLDER] [OFFLINE=1] make-context.sh PYTHON LOCK ARCH
#   FETCHED: folder of downloads, .debs and wheels; build/fetched by default.
set -euo pipefail
python=$1 lock=$2 arch=$3 base=${BASE-} fetched=${FETCHED:-build/fetched}
host=$(dpkg --print-architecture)
context=build/image/$arch
mkdir -p "$context" "$fetched"

make_base() { # ARCH
    local folder=build/image/$1 recipe
    recipe=$(cat images/base.sh images/build-base.sh "images/base-$1.lock" | sha256sum)
    [ "$recipe" != "$(cat "$folder/base.recipe" 2>/dev/null)" ] || return 0
    echo "Building the root file system for $1; this takes a minute, or four under emulation." >&2
    mkdir -p "$folder"
    [ -n "${OFFLINE-}" ] || images/fetch-base.sh "$1" "$fetched/debs-$1"
    images/build-base.sh "$1" "$fetched/debs-$1" "$folder/base.tar"
    echo "$recipe" >"$folder/base.recipe"
}

make_base "$host" # the Python in it compiles the bytecode
case $base in
"")
    make_base "$arch"
    base_name=images/base-$arch.lock base_digest=sha256:$(sha256sum "$context/base.tar" | cut -d ' ' -f 1)
    ;;
*@sha256:*) base_name=${base%@*} base_digest=${base##*@} ;;
*)
    echo "BASE=$base has no digest; use NAME@sha256:DIGEST" >&2
    exit 2
    ;;
esac

compiler=$(grep --after-context 1 '^Package: libpython3.11-stdlib$' "images/base-$host.lock")
recipe=$(echo "$compiler" | cat "$lock" images/make-packages.sh images/wheels.py images/left_out.py images/compile-bytecode.sh images/settle-modes.sh - | sha256sum | cut -d ' ' -f 1)
if [ "$recipe" != "$(cat "$context/packages.recipe" 2>/dev/null)" ]; then
    echo "Installing the packages of $lock for $arch; this takes minutes, once." >&2
    images/make-packages.sh "$python" "$arch" "$lock" "$fetched" "build/image/$host/base.tar" "$context/packages"
    echo "$recipe" >"$context/packages.recipe"
fi

rm -rf "$context/program"
program=$context/program/opt/bench
mkdir -p "$program/images"
cp -R bench profiles LICENSE entrypoint.py "$program"
find "$program" -name __pycache__ -prune -exec rm -r {} +
cp "$lock" "$program/images/requirements.lock"
[ -n "$base" ] || cp "images/base-$arch.lock" "$program/images/base.lock"

# The time is that of the last commit, so that one commit gives one image.
revision=$(git rev-parse --verify --quiet HEAD || true)
created=$(git log -1 --format=%ct 2>/dev/null || echo 0)
modified=$([ -z "$(git status --porcelain -- bench profiles images entrypoint.py 2>/dev/null)" ] && echo no || echo yes)
cat >"$program/image.json" <<END
{
 "bench.base.digest": "$base_digest",
 "bench.base.name": "$base_name",
 "bench.lock.digest": "sha256:$(sha256sum "$lock" | cut -d ' ' -f 1)",
 "bench.packages.recipe": "sha256:$recipe",
 "bench.source.epoch": "$created",
 "bench.source.modified": "$modified",
 "org.opencontainers.image.created": "$(date --utc --date "@$created" +%Y-%m-%dT%H:%M:%SZ)",
 "org.opencontainers.image.licenses": "BSD-3-Clause",
 "org.opencontainers.image.revision": "$revision",
 "org.opencontainers.image.title": "bench",
 "org.opencontainers.image.version": "$(sed --quiet 's/^__version__ = "\(.*\)"$/\1/p' bench/__init__.py)"
}
END
images/compile-bytecode.sh "build/image/$host/base.tar" "$context/program" opt/bench
images/settle-modes.sh "$context/program"
