#!/usr/bin/env bash
# Put together in build/image what images/Dockerfile reads beside the sources:
#   base.tar     the root file system; not made where BASE names an image
#   packages/    the hash lock and the wheels that it names
#   image.json   what this image is: its labels, for bench to copy into bundles
# What is there already, from the same recipe and lock, is kept.
#
# Usage: [BASE=NAME@sha256:DIGEST] make-context.sh PYTHON LOCK
set -euo pipefail
python=$1 lock=$2 base=${BASE-}
context=build/image
mkdir -p "$context"

case $base in
"")
    if ! cmp --silent images/build-base.sh "$context/base.recipe"; then
        echo "Making the root file system; this takes a minute, once." >&2
        images/build-base.sh "$context/base.tar"
        sha256sum "$context/base.tar" | cut -d ' ' -f 1 >"$context/base.sha256"
        cp images/build-base.sh "$context/base.recipe"
    fi
    base_name=images/build-base.sh base_digest=sha256:$(cat "$context/base.sha256")
    ;;
*@sha256:*) base_name=${base%@*} base_digest=${base##*@} ;;
*)
    echo "BASE=$base is not pinned; write NAME@sha256:DIGEST" >&2
    exit 2
    ;;
esac

if ! cmp --silent "$lock" "$context/packages/requirements.lock"; then
    echo "Fetching the wheels of $lock; this takes minutes, once." >&2
    rm -rf "$context/packages" "$context/fetch"
    "$python" -m venv "$context/fetch"
    "$context/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --requirement "$lock" --dest "$context/packages"
    cp "$lock" "$context/packages/requirements.lock"
    rm -rf "$context/fetch"
fi

# The time is the last commit's, so that one commit makes one image.
revision=$(git rev-parse --verify --quiet HEAD || true)
created=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
modified=$([ -z "$(git status --porcelain -- bench profiles images entrypoint.py 2>/dev/null)" ] && echo no || echo yes)
cat >"$context/image.json" <<END
{
 "bench.base.digest": "$base_digest",
 "bench.base.name": "$base_name",
 "bench.lock.digest": "sha256:$(sha256sum "$lock" | cut -d ' ' -f 1)",
 "bench.source.epoch": "$created",
 "bench.source.modified": "$modified",
 "org.opencontainers.image.created": "$(date --utc --date "@$created" +%Y-%m-%dT%H:%M:%SZ)",
 "org.opencontainers.image.licenses": "BSD-3-Clause",
 "org.opencontainers.image.revision": "$revision",
 "org.opencontainers.image.title": "bench",
 "org.opencontainers.image.version": "$(sed --quiet 's/^__version__ = "\(.*\)"$/\1/p' bench/__init__.py)"
}
END
