#!/usr/bin/env bash
# Print in one line what is missing on this host; print nothing if nothing is missing.
#
# Usage: check-prerequisites.sh PYTHON run|test|image|images
set -euo pipefail
python=$1 purpose=$2

missing() { # WHAT DEBIAN-PACKAGE FEDORA-PACKAGE
    echo "missing: $1; install it (Debian, Ubuntu: apt-get install $2; Fedora, RHEL: dnf install $3)" >&2
    exit 1
}

need_library() { # FILE DEBIAN-PACKAGE FEDORA-PACKAGE
    [ -n "$(find /usr/lib /usr/lib64 /usr/local/lib -maxdepth 2 -name "$1" -print -quit 2>/dev/null)" ] ||
        missing "$@"
}

"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
    missing "Python 3.11 as $python" python3.11 python3.11
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    missing "the modules venv and ensurepip of $python" python3.11-venv python3.11
case $purpose in
run | test) # Inductor compiles C++ against Python.h
    "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        missing "Python.h of $python" python3.11-dev python3.11-devel
    command -v g++ >/dev/null || missing "the C++ compiler g++" g++ gcc-c++
    [ "$purpose" = run ] || need_library libjemalloc.so.2 libjemalloc2 jemalloc
    [ "$purpose" = run ] || need_library libtcmalloc_minimal.so.4 libtcmalloc-minimal4 gperftools-libs
    ;;
images)
    command -v buildah >/dev/null || missing buildah buildah buildah
    command -v skopeo >/dev/null || missing skopeo skopeo skopeo
    command -v mmdebstrap >/dev/null || missing mmdebstrap mmdebstrap mmdebstrap
    ;;
image)
    command -v buildah >/dev/null || missing buildah buildah buildah
    command -v docker >/dev/null || missing docker docker.io moby-engine
    [ -n "${BASE-}" ] || command -v mmdebstrap >/dev/null || missing "mmdebstrap, or BASE=NAME@sha256:DIGEST" mmdebstrap mmdebstrap
    ;;
esac
